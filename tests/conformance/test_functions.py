"""The properties of every test function, from the registry: a new file is tested without a change here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.batching.fp_environment import batch_arithmetic
from app.engine.batching.run_batch import Run, run_batch
from app.engine.objectives.functions import FUNCTIONS, Function
from tests.support.batches import assert_same_row, function, losses_and_gradients
from tests.support.kinds import make_optimizer, make_schedule

Array = NDArray[np.float64]
DIMENSIONS = (1, 2, 3, 7, 20)


def defined(cls: Any, dimensions: tuple[int, ...]) -> Iterator[Any]:
    """Yield the dimensions in which the function is defined."""
    for dimension in dimensions:
        if cls.wrong_dimension(dimension) is None:
            yield pytest.param(cls(), dimension, id=f"{cls.kind} {dimension}")


CASES = [case for cls in FUNCTIONS.values() for case in defined(cls, DIMENSIONS)]
BOTH_PATHS = [case for cls in FUNCTIONS.values() for case in defined(cls, (2, 13))]


def points(tested: Function, dimension: int, count: int) -> Array:
    """Return random points of the domain."""
    low, high = tested.domain
    return np.random.default_rng(1).uniform(low, high, size=(count, dimension))


def differences(of: Callable[[Array], Array], x: Array, i: int) -> Array:
    """Return central differences along parameter i, extrapolated to a width of zero.

    Richardson's extrapolation leaves an error of O(h^4).
    """
    steps = []
    for width in (1e-3, 5e-4):
        shift = np.zeros(x.shape[1])
        shift[i] = width
        steps.append((of(x + shift) - of(x - shift)) / (2 * width))
    return np.asarray((4 * steps[1] - steps[0]) / 3)


MAGNITUDES = {"absolute_value", "tanh_plateau"}  # a magnitude has no complex derivative


def gradient(tested: Function, x: NDArray[Any]) -> NDArray[Any]:
    out = np.empty_like(x)
    tested.gradient(x, out)
    return out


@pytest.mark.parametrize(("tested", "dimension"), CASES)
def test_a_gradient_is_that_of_the_value(tested: Function, dimension: int) -> None:
    x = points(tested, dimension, 30)
    expected = np.stack(
        [differences(lambda point: tested.value(point).astype(np.float64), x, i) for i in range(dimension)],
        axis=1,
    )
    error = np.linalg.norm(gradient(tested, x) - expected, axis=1)
    assert (error <= 1e-6 * np.linalg.norm(expected, axis=1)).all()


@pytest.mark.parametrize(("tested", "dimension"), CASES)
def test_a_hessian_is_that_of_the_value(tested: Function, dimension: int) -> None:
    assert tested.hessian_dimension >= 50
    x = points(tested, dimension, 10)
    rows = [differences(lambda at: gradient(tested, at), x, i) for i in range(dimension)]
    expected, hessians = np.stack(rows, axis=1), tested.hessian(x)
    error = np.linalg.norm(hessians - expected, axis=(1, 2))
    assert (error <= 1e-6 * np.linalg.norm(expected, axis=(1, 2))).all()
    np.testing.assert_array_equal(hessians, hessians.transpose(0, 2, 1))


@pytest.mark.parametrize(
    ("tested", "dimension"), [case for case in CASES if case.values[0].kind not in MAGNITUDES]
)
def test_a_hessian_has_the_accuracy_of_double_precision(tested: Function, dimension: int) -> None:
    """A complex step gives the derivative of the gradient without the error of a difference."""
    x = points(tested, dimension, 10)
    rows = []
    for i in range(dimension):
        stepped = x.astype(np.complex128)
        stepped[:, i] += 1e-30j
        rows.append(gradient(tested, stepped).imag / 1e-30)
    expected, hessians = np.stack(rows, axis=1), tested.hessian(x)
    error = np.linalg.norm(hessians - expected, axis=(1, 2))
    assert (error <= 1e-13 * np.linalg.norm(expected, axis=(1, 2))).all()


@pytest.mark.parametrize(("tested", "dimension"), CASES)
def test_the_optimum_has_its_value_and_no_slope_and_nothing_lies_below(
    tested: Function, dimension: int
) -> None:
    optimum = tested.optimum(dimension)
    sample = tested.value(points(tested, dimension, 1000))
    if optimum is None:
        assert tested.value(1e6 * points(tested, dimension, 1000)).min() < -1e10
        return
    value, point = optimum
    losses, gradients = losses_and_gradients(function(tested.kind, dimension), point[np.newaxis])
    assert losses[0] == pytest.approx(value, rel=1e-15, abs=1e-30)
    np.testing.assert_allclose(gradients, 0.0, atol=1e-13)  # the literature's digits of an optimum
    assert sample.min() >= value


@pytest.mark.parametrize(("tested", "dimension"), CASES)
def test_a_function_is_bounded_below_if_and_only_if_it_is_declared_so(
    tested: Function, dimension: int
) -> None:
    optimum, sample = tested.optimum(dimension), points(tested, dimension, 1000)
    assert tested.bounded_below is (optimum is not None)
    lowest = [float(tested.value(scale * sample).min()) for scale in (1e0, 1e2, 1e4, 1e6)]
    if optimum is not None:
        assert min(lowest) >= optimum[0]
    else:  # it falls without end: at least by the square of the distance
        assert all(100 * near > far for near, far in pairwise(lowest))


@pytest.mark.parametrize(("tested", "dimension"), CASES)
def test_a_run_starts_in_the_domain_above_the_optimum_on_a_slope(tested: Function, dimension: int) -> None:
    start = tested.default_start(dimension)
    low, high = tested.domain
    assert start.shape == (dimension,)
    assert (low <= start).all()
    assert (start <= high).all()
    exact = gradient(tested, start[np.newaxis])
    assert np.isfinite(exact).all()
    assert exact.any()
    optimum = tested.optimum(dimension)
    losses, _ = losses_and_gradients(function(tested.kind, dimension), start[np.newaxis])
    assert optimum is None or losses[0] > optimum[0]


@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in FUNCTIONS.items()])
def test_a_function_is_refused_outside_its_dimensions(cls: type[Function]) -> None:
    assert cls.wrong_dimension(cls.default_dimension) is None
    limits = [cls.minimum_dimension - 1] + (
        [] if cls.maximum_dimension is None else [cls.maximum_dimension + 1]
    )
    for dimension in limits:
        with pytest.raises(
            ValueError, match=rf"{cls.kind} (needs|is a function of) .* got (dimension )?{dimension}"
        ):
            function(cls.kind, dimension)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("tested", "dimension"), BOTH_PATHS)
def test_the_bits_of_a_point_do_not_depend_on_the_other_points(
    tested: Function, dimension: int, dtype: type
) -> None:
    # Vectors of a processor have up to 16 numbers: every way in which rows can fill them, or not.
    x: NDArray[Any] = points(tested, dimension, 70).astype(dtype)
    alone = [tested.value(x[row : row + 1]) for row in range(70)]
    slopes = [gradient(tested, x[row : row + 1]) for row in range(70)]
    for count in range(1, 71):
        for first in {0, 70 - count}:
            rows = slice(first, first + count)
            np.testing.assert_array_equal(tested.value(x[rows].copy()), np.concatenate(alone[rows]))
            np.testing.assert_array_equal(gradient(tested, x[rows].copy()), np.concatenate(slopes[rows]))


@pytest.mark.parametrize(("noise", "dtype"), [(0.1, np.float32), (0.0, np.float64)])
@pytest.mark.parametrize(("tested", "dimension"), BOTH_PATHS)
def test_a_row_equals_the_run_alone(tested: Function, dimension: int, noise: float, dtype: type) -> None:
    objective = function(tested.kind, dimension, noise=noise)
    runs = [
        Run(
            optimizer=make_optimizer(kind, learning_rate=rate),
            schedule=make_schedule("cosine"),
            replicate=replicate,
        )
        for replicate, rate in enumerate((1e-3, 1e-2, 1e9))
        for kind in ("sgd", "adam", "schedule_free_sgd")
    ]
    together = run_batch(objective, runs, steps=40, seed=1, dtype=dtype, rungs=(13,))
    for row, single in enumerate(runs):
        alone = run_batch(objective, [single], steps=40, seed=1, dtype=dtype, rungs=(13,))
        assert_same_row(together, row, alone, 0)


@pytest.mark.parametrize(("tested", "dimension"), BOTH_PATHS)
def test_values_keep_the_dtype_and_are_close_in_both(tested: Function, dimension: int) -> None:
    x = points(tested, dimension, 50)
    single = x.astype(np.float32)
    x = single.astype(np.float64)
    with batch_arithmetic():
        values, slopes = tested.value(single), gradient(tested, single)
    assert values.dtype == slopes.dtype == np.float32
    scale = np.abs(tested.value(x)).max()
    np.testing.assert_allclose(values, tested.value(x), rtol=1e-4, atol=1e-5 * scale)
    scale = np.abs(gradient(tested, x)).max()
    np.testing.assert_allclose(slopes, gradient(tested, x), rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in FUNCTIONS.items()])
def test_rungs_do_not_change_the_draws(cls: type[Function]) -> None:
    objective = function(cls.kind, cls.default_dimension, noise=0.1)
    single = Run(optimizer=make_optimizer("adam"), schedule=make_schedule("constant"))
    whole = run_batch(objective, [single], steps=50, seed=3)
    parts = run_batch(objective, [single], steps=50, seed=3, rungs=(1, 7, 40))
    assert whole.trajectories is not None
    assert parts.trajectories is not None
    for column in ("loss", "gradient_norm"):
        np.testing.assert_array_equal(
            getattr(whole.trajectories[0], column), getattr(parts.trajectories[0], column)
        )
    np.testing.assert_array_equal(parts.rung_values[0], whole.trajectories[0].loss[[1, 7, 40]])
    np.testing.assert_array_equal(parts.values, whole.trajectories[0].loss[-1:])
