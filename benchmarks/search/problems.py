"""What is searched: functions, surrogates of tuning with a conditional space, and jobs on the engine.

A problem walks a space, as `app.tuning.space` does, and evaluates points. Its optimum is known, or 0 where
losses have no known least one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.records import Configuration
from app.tuning.distributions import Distribution, Pick
from app.tuning.evaluate import evaluate, shards_of_round
from app.tuning.space import Space

Params = dict[str, Any]
HARTMANN_A = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
HARTMANN_C = np.array([1.0, 1.2, 3.0, 3.2])


@dataclass(frozen=True)
class Point:
    """What was drawn, by name, and what is evaluated."""

    params: Params
    what: Any


@dataclass(frozen=True)
class Problem:
    """tree: from a pick to what is evaluated; values: of these, nan where one diverged.

    tuned: whether the constants of the sampler were chosen on it.
    """

    name: str
    parameters: dict[str, Distribution]
    tree: Callable[[Pick], Any]
    values: Callable[[Sequence[Any]], list[float]]
    optimum: float = 0.0
    tuned: bool = False

    def distributions(self) -> dict[str, Distribution]:
        """As a space of a job has them."""
        return self.parameters

    def walk(self, pick: Pick) -> Point:
        """As a space of a job is walked."""
        params: Params = {}

        def kept(name: str, distribution: Distribution) -> Any:
            params[name] = pick(name, distribution)
            return params[name]

        return Point(params, self.tree(kept))

    def evaluate(self, points: Sequence[Point]) -> list[float]:
        """The value of each point."""
        return self.values([point.what for point in points])

    @property
    def is_plain(self) -> bool:
        """Whether every trial has every parameter, and all are numbers."""
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
    *,
    tuned: bool = False,
) -> Problem:
    """Every trial has every parameter."""

    def walk(pick: Pick) -> Params:
        return {key: pick(key, found) for key, found in distributions.items()}

    def all_values(points: Sequence[Params]) -> list[float]:
        return [float(value(point)) for point in points]

    return Problem(name, distributions, walk, all_values, optimum, tuned)


def _cube(low: float, high: float, dimension: int) -> dict[str, Distribution]:
    return {f"x{i}": FloatDistribution(low, high) for i in range(dimension)}


def _vector(function: Callable[[np.ndarray], float]) -> Callable[[Params], float]:
    return lambda point: function(np.array(list(point.values())))


def _branin(x: np.ndarray) -> float:
    a = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return float(a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10)


def _hartmann(x: np.ndarray) -> float:
    return float(-HARTMANN_C @ np.exp(-(HARTMANN_A * (x - HARTMANN_P) ** 2).sum(axis=1)))


def _rosenbrock(x: np.ndarray) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def _ackley(x: np.ndarray) -> float:
    root = math.sqrt(float((x**2).mean()))
    return -20 * math.exp(-0.2 * root) - math.exp(float(np.cos(2 * math.pi * x).mean())) + 20 + math.e


def _training(point: Params) -> float:
    """A valley: rate and momentum trade off, much weight decay hurts, and width pays off slowly."""
    rate = math.log10(point["rate"]) - math.log10(1 - point["momentum"])
    decay = math.log10(point["decay"])
    return (
        0.05
        + 0.3 * (rate + 1.2) ** 2
        + 0.05 * max(0.0, decay + 3.0) ** 2
        + 0.02 * (decay + 4.0) ** 2
        + 0.3 / point["width"] ** 0.5
        + (0.15 if point["activation"] == "tanh" else 0.0)
        + (0.4 if rate > 0.3 else 0.0)
    )


RATES = {
    "adam": (-3.0, 0.00, 0.10),
    "adamw": (-2.8, -0.01, 0.10),
    "momentum": (-1.5, 0.02, 0.3),
    "sgd": (-0.7, 0.06, 0.4),
}


def _job_walk(pick: Pick) -> Params:
    """A tree as a job has it: the optimizer decides which rate, momentum and decay there are."""
    kind = pick("optimizer", CategoricalDistribution(tuple(RATES)))
    point: Params = {
        "optimizer": kind,
        "rate": pick(f"{kind}.learning_rate", FloatDistribution(1e-5, 10.0, log=True)),
    }
    if kind == "momentum":
        point["momentum"] = pick("momentum.momentum", FloatDistribution(0.5, 0.99))
    if kind == "adamw":
        point["decay"] = pick("adamw.weight_decay", FloatDistribution(1e-4, 1.0, log=True))
    point["schedule"] = pick("schedule", CategoricalDistribution(("constant", "cosine", "step")))
    if point["schedule"] == "cosine":
        point["warmup"] = pick("cosine.warmup_fraction", FloatDistribution(0.0, 0.3))
    if point["schedule"] == "step":
        point["gamma"] = pick("step.gamma", FloatDistribution(0.1, 0.9))
    point["batch"] = pick("batch_size", CategoricalDistribution((32, 128)))
    return point


def _job_value(point: Params) -> float:
    """nan where the rate is far above the best one, as a run that diverges."""
    best, floor, curvature = RATES[point["optimizer"]]
    away = math.log10(point["rate"]) - best
    if "momentum" in point:
        away -= math.log10(1 - point["momentum"]) + 1.0
    away -= 0.3 if point["batch"] == 128 else 0.0
    if away > 1.5:
        return math.nan
    value = 0.1 + floor + curvature * away**2
    value += 0.03 * (math.log10(point["decay"]) + 1.5) ** 2 - 0.02 if "decay" in point else 0.0
    if point["schedule"] == "cosine":
        value += 2.0 * (point["warmup"] - 0.06) ** 2 - 0.03
    elif point["schedule"] == "step":
        value += 0.1 * (point["gamma"] - 0.3) ** 2 - 0.015
    return value + (0.01 if point["batch"] == 128 else 0.0)


JOB_SPACE: dict[str, Distribution] = {
    "optimizer": CategoricalDistribution(tuple(RATES)),
    **{f"{kind}.learning_rate": FloatDistribution(1e-5, 10.0, log=True) for kind in RATES},
    "momentum.momentum": FloatDistribution(0.5, 0.99),
    "adamw.weight_decay": FloatDistribution(1e-4, 1.0, log=True),
    "schedule": CategoricalDistribution(("constant", "cosine", "step")),
    "cosine.warmup_fraction": FloatDistribution(0.0, 0.3),
    "step.gamma": FloatDistribution(0.1, 0.9),
    "batch_size": CategoricalDistribution((32, 128)),
}


def _layers_walk(pick: Pick) -> Params:
    """One to three layers, each with a width and a dropout of its own."""
    count = int(pick("layers", IntDistribution(1, 3)))
    point: Params = {"rate": pick("rate", FloatDistribution(1e-4, 1.0, log=True))}
    for i in range(count):
        point[f"width{i}"] = pick(f"width{i}", IntDistribution(8, 128, log=True))
        point[f"dropout{i}"] = pick(f"dropout{i}", FloatDistribution(0.0, 0.6, step=0.1))
    return point


def _layers_value(point: Params) -> float:
    count = sum(key.startswith("width") for key in point)
    value = 0.1 * (count - 2) ** 2 + 0.2 * (math.log10(point["rate"]) + 1.0 + 0.4 * count) ** 2
    for i in range(count):
        value += 0.05 * (math.log2(point[f"width{i}"]) - 6.0 + i) ** 2 + (point[f"dropout{i}"] - 0.2) ** 2
    return value


LAYER_SPACE: dict[str, Distribution] = {
    "layers": IntDistribution(1, 3),
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    **{f"width{i}": IntDistribution(8, 128, log=True) for i in range(3)},
    **{f"dropout{i}": FloatDistribution(0.0, 0.6, step=0.1) for i in range(3)},
}


def _job(name: str, objective: dict[str, Any], steps: int, *, tuned: bool = False, **parts: Any) -> Problem:
    """Trials of a job, run to their end on the engine; a job's other defaults."""
    body = {"objective": objective, "budget": {"trials": 256, "steps": steps}, "replicates": 1}
    spec = JobSpec.model_validate(body | {"pruner": {"kind": "none"}} | parts)
    space = Space.of(spec)

    def values(points: Sequence[Configuration]) -> list[float]:
        shards = shards_of_round(spec, 0, range(len(points)), points)
        results = sorted(
            (found for shard in shards for found in evaluate(shard)), key=lambda found: found.number
        )
        return [
            math.nan if found.state is not TrialState.COMPLETED or found.value is None else found.value
            for found in results
        ]

    return Problem(name, space.distributions(), space.walk, values, 0.0, tuned)


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

PROBLEMS = (
    _flat(
        "branin",
        {"x0": FloatDistribution(-5, 10), "x1": FloatDistribution(0, 15)},
        _vector(_branin),
        0.397887,
        tuned=True,
    ),
    _flat("hartmann 6", _cube(0, 1, 6), _vector(_hartmann), -3.32237),
    _flat("rosenbrock 4", _cube(-2, 2, 4), _vector(_rosenbrock), tuned=True),
    _flat("ackley 5", _cube(-10, 20, 5), _vector(_ackley)),
    _flat(
        "training surrogate",
        {
            "rate": FloatDistribution(1e-5, 1.0, log=True),
            "momentum": FloatDistribution(0.0, 0.99),
            "decay": FloatDistribution(1e-6, 0.1, log=True),
            "width": IntDistribution(16, 256, step=16),
            "activation": CategoricalDistribution(("relu", "tanh", "gelu")),
        },
        _training,
    ),
    Problem(
        "job surrogate",
        JOB_SPACE,
        _job_walk,
        lambda points: [_job_value(point) for point in points],
        0.0,
        True,
    ),
    Problem(
        "layers surrogate",
        LAYER_SPACE,
        _layers_walk,
        lambda points: [_layers_value(point) for point in points],
    ),
    _job("rosenbrock job", _function("rosenbrock"), 100, tuned=True),
    _job("beale job", _function("beale"), 60),
    _job("rosenbrock job, adam", _function("rosenbrock", dimension=4), 100, search_space=ADAM_ONLY),
    _job(
        "wine job, linear",
        _data("wine"),
        40,
        search_space=WIDE_SPACE | {"batch_size": {"choices": [16, 64]}},
        tuned=True,
    ),
    _job("digits job, linear", _data("digits"), 20),
)


def by_name(name: str) -> Problem:
    """The problem of that name."""
    return next(problem for problem in PROBLEMS if problem.name == name)
