"""What is searched: functions, surrogates of tuning with a conditional space, and jobs on the engine.

A problem walks a space, as `app.tuning.space.tree` does, and evaluates points. Its optimum is known, or 0
where losses have no known least one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from app.domain.records import Configuration
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import evaluate, shards_of_round
from app.tuning.space.distributions import Distribution, Pick
from app.tuning.space.tree import SearchSpace
from benchmarks.search import functions, surrogates
from benchmarks.search.surrogates import Params


@dataclass(frozen=True)
class Point:
    """What was drawn, by name, and what is evaluated."""

    params: Params
    what: Any


@dataclass(frozen=True)
class Problem:
    """tree: from a pick to what is evaluated; values: of these, nan where one diverged.

    tuned: whether it served to choose the constants of the sampler.
    """

    name: str
    parameters: dict[str, Distribution]
    tree: Callable[[Pick], Any]
    values: Callable[[Sequence[Any]], list[float]]
    optimum: float = 0.0
    tuned: bool = False

    def distributions(self) -> dict[str, Distribution]:
        """Return the distributions of the space, by name."""
        return self.parameters

    def walk(self, pick: Pick) -> Point:
        """Suggest a point of the space, as a space of a job does."""
        params: Params = {}

        def kept(name: str, distribution: Distribution) -> Any:
            params[name] = pick(name, distribution)
            return params[name]

        return Point(params, self.tree(kept))

    def evaluate(self, points: Sequence[Point]) -> list[float]:
        """Return the value of each point."""
        return self.values([point.what for point in points])

    @property
    def is_plain(self) -> bool:
        """Return whether every trial has every parameter, and all are numbers."""
        if any(isinstance(found, CategoricalDistribution) for found in self.parameters.values()):
            return False
        # The problems of this class have numbers alone.
        lowest = self.walk(lambda _, found: found.low)  # type: ignore[union-attr]
        return len(lowest.params) == len(self.parameters)


def _flat(
    name: str,
    distributions: dict[str, Distribution],
    value: Callable[[Params], float],
    optimum: float = 0.0,
) -> Problem:
    """Every trial has every parameter."""

    def walk(pick: Pick) -> Params:
        return {key: pick(key, found) for key, found in distributions.items()}

    def all_values(points: Sequence[Params]) -> list[float]:
        return [float(value(point)) for point in points]

    return Problem(name, distributions, walk, all_values, optimum)


def _cube(low: float, high: float, dimension: int) -> dict[str, Distribution]:
    return {f"x{i}": FloatDistribution(low, high) for i in range(dimension)}


def _vector(function: Callable[[np.ndarray], float]) -> Callable[[Params], float]:
    return lambda point: function(np.array(list(point.values())))


def _job(name: str, objective: dict[str, Any], steps: int, **parts: Any) -> Problem:
    """Return a problem of trials of a job, run to their end on the engine, with its defaults."""
    body = {"objective": objective, "budget": {"trials": 256, "steps": steps}, "replicates": 1}
    spec = JobSpec.model_validate(body | {"pruner": {"kind": "none"}} | parts)
    space = SearchSpace.of(spec)

    def values(points: Sequence[Configuration]) -> list[float]:
        shards = shards_of_round(spec, 0, range(len(points)), points)
        results = sorted(
            (found for shard in shards for found in evaluate(shard)), key=lambda found: found.number
        )
        return [
            math.nan if found.state is not TrialState.COMPLETED or found.value is None else found.value
            for found in results
        ]

    return Problem(name, space.distributions(), space.walk, values)


def _function(name: str, **parts: Any) -> dict[str, Any]:
    return {"kind": "function", "name": name, **parts}


def _data(dataset: str, *hidden: int) -> dict[str, Any]:
    model = {"kind": "mlp", "hidden": list(hidden)} if hidden else {"kind": "linear"}
    return {"kind": "classification", "dataset": dataset, "model": model}


WIDE_SPACE = {
    "optimizers": [
        {"kind": "adam", "beta1": {"low": 0.5, "high": 0.99}, "beta2": {"low": 0.9, "high": 0.999}},
        {"kind": "momentum"},
        {"kind": "rmsprop"},
    ],
    "schedules": [{"kind": "constant"}, {"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.3}}],
}
ADAM_ONLY = {
    "optimizers": [
        {"kind": "adam", "beta1": {"low": 0.5, "high": 0.99}, "beta2": {"low": 0.9, "high": 0.999}}
    ],
    "schedules": [{"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.3}}],
}

# What served to choose the constants of the sampler, with other seeds.
CHOSEN_ON = (
    _flat(
        "branin",
        {"x0": FloatDistribution(-5, 10), "x1": FloatDistribution(0, 15)},
        _vector(functions.branin),
        0.397887,
    ),
    _flat("hartmann 6", _cube(0, 1, 6), _vector(functions.hartmann), -3.32237),
    _flat("rosenbrock 4", _cube(-2, 2, 4), _vector(functions.rosenbrock)),
    _flat("ackley 5", _cube(-10, 20, 5), _vector(functions.ackley)),
    _flat(
        "training surrogate",
        {
            "rate": FloatDistribution(1e-5, 1.0, log=True),
            "momentum": FloatDistribution(0.0, 0.99),
            "decay": FloatDistribution(1e-6, 0.1, log=True),
            "width": IntDistribution(16, 256, step=16),
            "activation": CategoricalDistribution(("relu", "tanh", "gelu")),
        },
        surrogates.training,
    ),
    Problem(
        "job surrogate",
        surrogates.JOB_SPACE,
        surrogates.job_walk,
        lambda points: [surrogates.job_value(point) for point in points],
    ),
    Problem(
        "layers surrogate",
        surrogates.LAYER_SPACE,
        surrogates.layers_walk,
        lambda points: [surrogates.layers_value(point) for point in points],
    ),
    _job("rosenbrock job", _function("rosenbrock"), 100),
    _job("beale job", _function("beale"), 60),
    _job("rosenbrock job, adam", _function("rosenbrock", dimension=4), 100, search_space=ADAM_ONLY),
    _job(
        "wine job, linear",
        _data("wine"),
        40,
        search_space=WIDE_SPACE | {"batch_size": {"choices": [16, 64]}},
    ),
    _job("digits job, linear", _data("digits"), 20),
)

HELD_OUT = (
    _flat(
        "six-hump camel",
        {"x0": FloatDistribution(-3, 3), "x1": FloatDistribution(-2, 2)},
        _vector(functions.six_hump_camel),
        -1.031628,
    ),
    _flat("levy 5", _cube(-10, 10, 5), _vector(functions.levy)),
    _flat("styblinski-tang 4", _cube(-5, 5, 4), _vector(functions.styblinski_tang), -156.66468),
    _flat("griewank 3", _cube(-60, 100, 3), _vector(functions.griewank)),
    _job("breast cancer job, linear", _data("breast_cancer"), 40),
    _job("digits job, MLP", _data("digits", 16), 20),
)
PROBLEMS = (*(replace(problem, tuned=True) for problem in CHOSEN_ON), *HELD_OUT)


def by_name(name: str) -> Problem:
    """Return the problem of that name."""
    return next(problem for problem in PROBLEMS if problem.name == name)
