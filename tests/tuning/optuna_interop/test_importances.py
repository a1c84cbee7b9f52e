"""Importances: the deciding parameter comes first, and no study raises an exception."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from app.spec.job import JobSpec
from app.tuning.optuna_interop.importances import Sample, importances
from app.tuning.space.tree import SearchSpace
from app.tuning.space.unit_cube import uniform

RANGES: list[Any] = [
    {"low": 1e-5, "high": 1.0, "log": True},
    {"low": 0.1, "high": 0.3, "step": 0.1},
    {"low": 5e-324, "high": 1e-300, "log": True},
    {"low": 0.001, "high": 0.0010000001},
    {"choices": [0.1, 0.2]},
]


def job(learning_rate: Any) -> JobSpec:
    optimizers = [{"kind": "adam", "learning_rate": learning_rate}, {"kind": "sgd", "learning_rate": 0.1}]
    objective = {"kind": "function", "name": "rosenbrock"}
    return JobSpec.model_validate({"objective": objective, "search_space": {"optimizers": optimizers}})


def draws(spec: JobSpec, count: int) -> list[dict[str, Any]]:
    space, generator = SearchSpace.of(spec), np.random.default_rng(5)
    return [space.walk(lambda _, distribution: uniform(distribution, generator)).params for _ in range(count)]


def test_the_parameter_that_decides_comes_first() -> None:
    spec = job(RANGES[0])
    samples: list[Sample] = []
    for params in draws(spec, 200):
        rate = params.get("adam.learning_rate")
        samples.append((params, 10.0 if rate is None else abs(math.log10(rate) + 2)))
    shares = importances(spec, samples)
    assert next(iter(shares)) == "adam.learning_rate"
    assert shares["adam.learning_rate"] > 5 * shares["schedule"]
    assert math.isclose(sum(shares.values()), 1.0)


def test_no_completed_trial_gives_nothing() -> None:
    assert importances(job(RANGES[0]), []) == {}


def test_a_space_without_a_choice_gives_nothing() -> None:
    space = {"optimizers": [{"kind": "sgd", "learning_rate": 0.1}], "schedules": [{"kind": "constant"}]}
    objective = {"kind": "function", "name": "rosenbrock"}
    spec = JobSpec.model_validate({"objective": objective, "search_space": space})
    assert importances(spec, [({}, 1.0), ({}, 2.0)]) == {}


def test_a_single_trial_gives_equal_shares() -> None:
    spec = job(RANGES[0])
    params = next(params for params in draws(spec, 20) if params["optimizer"] == "adam")
    shares = importances(spec, [(params, 0.5)])
    assert set(shares) == set(params)
    assert set(shares.values()) == {1 / len(params)}


def test_equal_values_give_equal_shares() -> None:
    spec = job(RANGES[0])
    shares = importances(spec, [(params, 1.0) for params in draws(spec, 40)])
    assert len(set(shares.values())) == 1


@pytest.mark.parametrize("learning_rate", RANGES)
@pytest.mark.parametrize("scale", [1.0, 1e308, 0.0])
def test_no_study_is_too_small_or_too_odd(learning_rate: Any, scale: float) -> None:
    spec = job(learning_rate)
    rng = random.Random(3)
    samples: list[Sample] = [(params, scale * rng.random()) for params in draws(spec, 30)]
    for count in range(31):
        shares = importances(spec, samples[:count])
        assert all(0 <= share <= 1 for share in shares.values())
        assert not shares or math.isclose(sum(shares.values()), 1.0)
