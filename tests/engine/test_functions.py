"""Values, optima and gradients of the test functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from app.engine.objectives.functions import FUNCTIONS
from tests.engine.batches import function, losses_and_gradients

DIMENSIONS = (2, 3, 7, 20)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_gradients_are_central_differences_of_the_value(name: str, dimension: int) -> None:
    x = np.random.default_rng(1).normal(size=(4, dimension))
    _, gradients = losses_and_gradients(function(name, dimension), x)
    step = 1e-5
    for i in range(dimension):
        shift = step * np.eye(dimension)[i]
        difference = FUNCTIONS[name]().value(x + shift) - FUNCTIONS[name]().value(x - shift)
        np.testing.assert_allclose(gradients[:, i], difference / (2 * step), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_an_optimum_has_its_value_and_no_slope(name: str) -> None:
    value, point = FUNCTIONS[name]().optimum(3)
    losses, gradients = losses_and_gradients(function(name, 3), point[np.newaxis])
    assert losses[0] == pytest.approx(value, abs=1e-12)
    np.testing.assert_allclose(gradients, 0.0, atol=1e-12)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_rosenbrock_is_that_of_scipy(dimension: int) -> None:
    x = np.random.default_rng(2).normal(size=(5, dimension))
    losses, gradients = losses_and_gradients(function("rosenbrock", dimension), x)
    np.testing.assert_allclose(losses, [rosen(point) for point in x], rtol=1e-12)
    np.testing.assert_allclose(gradients, [rosen_der(point) for point in x], rtol=1e-10, atol=1e-10)


def test_the_quadratic_starts_at_half_the_sum_of_its_curvatures() -> None:
    losses, _ = losses_and_gradients(function("quadratic", 3), np.ones((1, 3)))
    assert losses[0] == pytest.approx(0.5 * (1 + 10 + 100), rel=1e-12)


def test_a_start_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="start has 3 values, but dimension is 2"):
        function("rosenbrock", 2, start=(1.0, 2.0, 3.0))


def test_too_few_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="rosenbrock needs dimension >= 2, got 1"):
        function("rosenbrock", 1)
