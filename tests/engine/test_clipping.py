"""Limits of the gradient, before the optimizer sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.batching.run_batch import run_batch
from app.engine.batching.stacking import stack
from app.engine.optimizers import OPTIMIZERS
from app.engine.optimizers.clipping import clip, clipping_state
from tests.support.batches import function, run
from tests.support.kinds import make_optimizer


def clipped(
    gradient: list[list[float]], norm: float = 0.0, value: float = 0.0, dtype: type = np.float64
) -> list[Any]:
    g: NDArray[Any] = np.array(gradient, dtype=dtype)
    limits = stack([make_optimizer("sgd", gradient_clip_norm=norm, gradient_clip_value=value)] * len(g))
    with np.errstate(over="ignore"):
        clip(g, clipping_state(limits.gradient_clip_norm, limits.gradient_clip_value, g))
    entries: list[Any] = g.tolist()
    return entries


def test_a_gradient_longer_than_the_limit_is_scaled_to_it_and_others_stay() -> None:
    long, short = clipped([[3.0, 4.0], [0.3, 0.4]], norm=1.0)
    assert long == pytest.approx([0.6, 0.8], rel=1e-6)
    assert short == [0.3, 0.4]


def test_components_beyond_the_limit_are_cut_to_it() -> None:
    assert clipped([[3.0, -4.0], [0.3, -0.4]], value=0.5) == [[0.5, -0.5], [0.3, -0.4]]


def test_components_are_cut_before_the_row_is_scaled() -> None:
    (gradient,) = clipped([[100.0, 0.5]], norm=1.0, value=0.5)
    assert gradient == pytest.approx([0.5, 0.5])


def test_a_gradient_whose_square_exceeds_single_precision_is_scaled() -> None:
    (gradient,) = clipped([[3e25, 4e25]], norm=1.0, dtype=np.float32)
    assert gradient == pytest.approx([0.6, 0.8], rel=1e-6)


def test_a_nan_gradient_stays_nan() -> None:
    (gradient,) = clipped([[float("nan"), 1.0]], norm=1.0, value=1.0)
    assert np.isnan(gradient).all()


def test_an_optimizer_says_which_limits_it_has() -> None:
    assert make_optimizer("sgd").clipping() == (False, False)
    assert make_optimizer("sgd", gradient_clip_norm=0.5).clipping() == (True, False)
    assert make_optimizer("sgd", gradient_clip_value=0.5).clipping() == (False, True)


@pytest.mark.parametrize("limit", [{"gradient_clip_norm": 0.8}, {"gradient_clip_value": 0.4}])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_steps_along_the_limited_gradient(kind: str, limit: dict[str, float]) -> None:
    limited, plain = (stack([make_optimizer(kind, **fields)]) for fields in (limit, {}))
    x = np.array([[1.0, -2.0, 3.0]])
    ends = []
    for optimizer in (limited, plain):
        point, random = x.copy(), np.random.default_rng(3)
        state = optimizer.begin(point)
        for k in range(20):
            g = random.normal(size=x.shape)
            if optimizer is plain:
                clip(g, clipping_state(limited.gradient_clip_norm, limited.gradient_clip_value, g))
            if "hessian" in state:
                state["hessian"][...] = np.eye(3)
            optimizer.update(point, g, np.asarray(optimizer.learning_rate), k, state, np.empty_like(x))
        ends.append(point)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert (ends[0] != x).all()


@pytest.mark.parametrize("limit", [{"gradient_clip_norm": 0.5}, {"gradient_clip_value": 0.5}])
def test_a_rate_that_diverges_converges_with_a_limit(limit: dict[str, Any]) -> None:
    runs = [run("sgd", learning_rate=0.003), run("sgd", learning_rate=0.003, **limit)]
    result = run_batch(function("rosenbrock", 2, start=(-4.0, 9.0)), runs, steps=2000, seed=0)
    assert result.outcomes == ["diverged", "completed"]
    assert result.values[1] < 25.0


def test_weight_decay_is_added_after_the_limit() -> None:
    result = run_batch(
        function("quadratic", 1, start=(10.0,)),
        [run("sgd", learning_rate=0.1, weight_decay=1.0, gradient_clip_value=0.5)],
        steps=1,
        seed=0,
    )
    assert result.trajectories is not None
    assert result.trajectories[0].parameters is not None
    assert result.trajectories[0].parameters[1, 0] == pytest.approx(10.0 - 0.1 * (0.5 + 10.0))
    assert result.trajectories[0].gradient_norm[0] == pytest.approx(10.0)  # as it was before the limit
