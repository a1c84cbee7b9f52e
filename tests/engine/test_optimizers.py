"""Each optimizer against a loop over plain numbers, written from its published formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.batching.stacking import stack
from app.engine.optimizers import OPTIMIZERS
from tests.support.kinds import make_optimizer

Fields = dict[str, Any]
Step = Callable[[float, float, int], float]  # parameter, gradient, t from 1 -> parameter


def sgd(f: Fields) -> Step:
    def step(x: float, g: float, t: int) -> float:
        return float(x - f["learning_rate"] * (g + f["weight_decay"] * x))

    return step


def momentum(f: Fields) -> Step:
    b = 0.0

    def step(x: float, g: float, t: int) -> float:
        nonlocal b
        g += f["weight_decay"] * x
        b = g if t == 1 else f["momentum"] * b + (1 - f["dampening"]) * g
        return float(x - f["learning_rate"] * b)

    return step


def rmsprop(f: Fields) -> Step:
    v = a = b = 0.0

    def step(x: float, g: float, t: int) -> float:
        nonlocal v, a, b
        g += f["weight_decay"] * x
        v = f["alpha"] * v + (1 - f["alpha"]) * g * g
        a = f["alpha"] * a + (1 - f["alpha"]) * g
        root = math.sqrt(v - a * a) if f["centered"] else math.sqrt(v)
        b = f["momentum"] * b + g / (root + f["eps"])
        return float(x - f["learning_rate"] * b)

    return step


def adam(f: Fields) -> Step:
    m = v = 0.0

    def step(x: float, g: float, t: int) -> float:
        nonlocal m, v
        g += f["weight_decay"] * x
        m = f["beta1"] * m + (1 - f["beta1"]) * g
        v = f["beta2"] * v + (1 - f["beta2"]) * g * g
        corrected = m / (1 - f["beta1"] ** t)
        root = math.sqrt(v / (1 - f["beta2"] ** t)) + f["eps"]
        return float(x - f["learning_rate"] * corrected / root)

    return step


REFERENCES = {"sgd": sgd, "momentum": momentum, "rmsprop": rmsprop, "adam": adam}
# Rows of one stack, which have the same optional terms.
STACKS: list[tuple[str, list[Fields]]] = [
    ("sgd", [{}, {"learning_rate": 0.3}]),
    ("sgd", [{"weight_decay": 0.01}, {"weight_decay": 0.3, "learning_rate": 0.1}]),
    ("momentum", [{}, {"momentum": 0.5, "learning_rate": 0.1}, {"momentum": 0.0}]),
    ("momentum", [{"weight_decay": 0.1, "dampening": 0.4}, {"weight_decay": 0.2, "dampening": 0.9}]),
    ("rmsprop", [{}, {"alpha": 0.5, "eps": 1e-3}, {"alpha": 0.0}]),
    ("rmsprop", [{"momentum": 0.9, "weight_decay": 0.1}, {"momentum": 0.3, "weight_decay": 0.2}]),
    ("rmsprop", [{"centered": True}, {"centered": True, "alpha": 0.9, "eps": 1e-4}]),
    ("adam", [{}, {"beta1": 0.5, "beta2": 0.9, "learning_rate": 0.1}, {"beta1": 0.0, "eps": 1e-2}]),
    ("adam", [{"weight_decay": 0.1}, {"weight_decay": 0.01, "beta2": 0.0, "eps": 1e-4}]),
]


@pytest.mark.parametrize(("kind", "rows"), STACKS, ids=[f"{kind}-{i}" for i, (kind, _) in enumerate(STACKS)])
def test_updates_equal_the_formula(kind: str, rows: list[Fields]) -> None:
    random = np.random.default_rng(5)
    steps, dimension = 300, 3
    noise = random.normal(size=(steps, dimension))
    curvature = np.array([0.5, 1.0, 3.0])
    instances = [make_optimizer(kind, **fields) for fields in rows]
    stacked = stack(instances)
    x = np.tile(random.normal(size=dimension), (len(rows), 1))
    expected = x.tolist()
    references = [[REFERENCES[kind](vars(instance)) for _ in range(dimension)] for instance in instances]
    state, work = stacked.init(x), np.empty_like(x)
    for k in range(steps):
        g = curvature * x + noise[k]
        stacked.update(x, g, np.asarray(stacked.learning_rate), k, state, work)
        for row, steppers in zip(expected, references, strict=True):
            for d, stepper in enumerate(steppers):
                row[d] = stepper(row[d], curvature[d] * row[d] + noise[k, d], k + 1)
    np.testing.assert_allclose(x, expected, rtol=1e-10, atol=1e-12)


def test_a_constant_gradient_does_not_break_the_centred_rmsprop() -> None:
    stacked = stack([make_optimizer("rmsprop", centered=True, alpha=0.5)])
    x = np.zeros((1, 50), dtype=np.float32)
    gradient = np.random.default_rng(9).normal(size=x.shape).astype(np.float32)
    state = stacked.init(x)
    for k in range(100):
        stacked.update(x, gradient.copy(), np.asarray(stacked.learning_rate), k, state, np.empty_like(x))
    assert np.isfinite(x).all()  # rounding makes some variances negative


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_a_wide_stack_gives_the_bits_of_a_narrow_one(kind: str) -> None:
    instances = [make_optimizer(kind, learning_rate=rate) for rate in (0.01, 0.1)]
    results = []
    for width in (1, 3):
        stacked = stack(instances, width)
        x = np.tile([1.0, -2.0, 3.0], (2, 1))
        state = stacked.init(x)
        for k in range(20):
            stacked.update(x, 0.3 * x, np.asarray(stacked.learning_rate), k, state, np.empty_like(x))
        results.append(x)
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_plan_of_many_updates_has_the_bits_of_as_many_plans_of_one(kind: str, dtype: type) -> None:
    fields: Fields = {"learning_rate": 0.1}
    if hasattr(make_optimizer(kind), "weight_decay"):
        fields["weight_decay"] = 0.02
    stacked = stack(
        [make_optimizer(kind, **fields), make_optimizer(kind, **fields | {"learning_rate": 0.03})]
    )
    rates = np.random.default_rng(3).uniform(0.5, 1.0, (9, 2, 1)) * stacked.learning_rate
    x: NDArray[Any] = np.ones((2, 4), dtype=dtype)
    whole, single = stacked.init(x), stacked.init(x)
    plan = stacked.plan(rates, 3, whole)
    for s in range(len(rates)):
        planned = stacked.plan(rates[s : s + 1], 3 + s, single)
        assert planned.keys() == plan.keys() <= single.keys()
        for name, columns in plan.items():
            assert columns.dtype == single[name].dtype
            np.testing.assert_array_equal(columns[s], planned[name][0])
    for name, column in whole.items():
        np.testing.assert_array_equal(column, single[name])
