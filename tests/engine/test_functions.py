"""Known values of the test functions, and the behaviour that each demonstrates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from app.engine.batching.run_batch import Run, run_batch
from app.engine.objectives.functions import FUNCTIONS
from tests.support.batches import function, losses_and_gradients, run


@pytest.mark.parametrize("dimension", [2, 3, 7, 20])
def test_rosenbrock_is_that_of_scipy(dimension: int) -> None:
    x = np.random.default_rng(2).normal(size=(5, dimension))
    losses, gradients = losses_and_gradients(function("rosenbrock", dimension), x)
    np.testing.assert_allclose(losses, [rosen(point) for point in x], rtol=1e-12)
    np.testing.assert_allclose(gradients, [rosen_der(point) for point in x], rtol=1e-10, atol=1e-10)


# By hand from the formulas as the literature writes them, and minima to the digits that it prints.
KNOWN = [
    ("beale", (0, 0), 1.5**2 + 2.25**2 + 2.625**2),
    ("beale", (1, 1), 1.5**2 + 2.25**2 + 2.625**2),
    ("booth", (0, 0), 49 + 25),
    ("himmelblau", (0, 0), 121 + 49),
    ("himmelblau", (-2.805118, 3.131312), 0),
    ("himmelblau", (-3.779310, -3.283186), 0),
    ("himmelblau", (3.584428, -1.848126), 0),
    ("styblinski_tang", (1, -1, 2), (1 - 16 + 5 + 1 - 16 - 5 + 16 - 64 + 10) / 2),
    ("styblinski_tang", (-2.903534, -2.903534), -78.33233),
    ("ackley", (1, 1), 20 * (1 - np.exp(-0.2))),
    ("ackley", (0.5, -0.5), 20 * (1 - np.exp(-0.1)) + np.e - np.exp(-1)),
    ("rastrigin", (1, -2, 0.5), 1 + 4 + 20.25),
    ("levy", (-3,), 1),  # w = 0: only the last square is left
    ("levy", (5, 1), 1 + 10 * np.sin(2 * np.pi + 1) ** 2),
    ("quadratic", (1, 1, 1), 0.5 * (1 + 10 + 100)),
    ("sparse_quadratic", (1, 1, 1), 0.5 * (1 + 10 + 100)),
    ("drifting_quadratic", (0, 1, 2), 0.5 * (1 + 10 + 100)),
    ("saddle", (3, 2), 9 - 4),
    ("saddle", (3, 2, 1), 9 - 4 + 1),
    ("monkey_saddle", (2, 1), 8 - 6),
    ("tanh_plateau", (1, -1), 2 * np.tanh(1) ** 2),
    ("absolute_value", (1, -2, 0), 3),
]


@pytest.mark.parametrize(("name", "point", "value"), KNOWN, ids=[f"{name} {at}" for name, at, _ in KNOWN])
def test_a_function_has_its_known_values(name: str, point: tuple[float, ...], value: float) -> None:
    losses, _ = losses_and_gradients(function(name, len(point)), np.array([point], dtype=np.float64))
    assert losses[0] == pytest.approx(value, rel=1e-7, abs=1e-9)  # seven digits are printed


def test_a_start_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="start has 3 values, but dimension is 2"):
        function("rosenbrock", 2, start=(1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    ("name", "dimension", "message"),
    [
        ("rosenbrock", 1, "rosenbrock needs dimension >= 2, got 1; raise it"),
        ("booth", 3, "booth is a function of 2 parameters, got dimension 3; set it to 2"),
        ("booth", 1, "booth is a function of 2 parameters, got dimension 1; set it to 2"),
    ],
)
def test_a_dimension_out_of_bounds_is_refused_with_the_limit(name: str, dimension: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        function(name, dimension)


def best_values(name: str, dimension: int, runs: list[Run], steps: int) -> dict[str, float]:
    """Return the best value of each optimizer and schedule."""
    values = run_batch(function(name, dimension), runs, steps=steps, seed=1, record=False).values
    best: dict[str, float] = {}
    for single, value in zip(runs, values, strict=True):
        label = f"{single.optimizer.kind} {single.schedule.kind}"
        best[label] = float(np.nanmin([best.get(label, np.inf), value]))
    return best


def test_gradient_descent_leaves_a_saddle_and_the_deeper_it_falls_the_lower_its_value() -> None:
    rates = (0.01, 0.05, 0.1)
    runs = [run("sgd", learning_rate=rate) for rate in rates]
    values = run_batch(function("saddle"), runs, steps=100, seed=0).values
    # Each update multiplies the first parameter by 1 - 2 rate, and the second by 1 + 2 rate.
    expected = [(1 - 2 * rate) ** 200 - 1e-6 * (1 + 2 * rate) ** 200 for rate in rates]
    np.testing.assert_allclose(values, expected, rtol=1e-10)
    assert values[0] > 0 > values[1] > values[2]


def test_gradient_descent_stays_on_the_plateau_that_adam_crosses() -> None:
    runs = [run(kind, learning_rate=0.05) for kind in ("sgd", "adam")]
    slow, fast = run_batch(function("tanh_plateau"), runs, steps=200, seed=0).values
    assert slow > 1.99
    assert fast < 1e-3


def test_only_a_decay_comes_to_rest_on_a_kink() -> None:
    rates = np.geomspace(1e-3, 1, 12).tolist()
    runs = [run("sgd", kind, learning_rate=rate) for kind in ("constant", "linear") for rate in rates]
    best = best_values("absolute_value", 2, runs, 300)
    assert best["sgd linear"] < 0.1 * best["sgd constant"]


def test_momentum_rolls_over_the_hill_that_stops_gradient_descent() -> None:
    rates = np.geomspace(1e-4, 1e-2, 12).tolist()
    runs = [run(kind, learning_rate=rate) for kind in ("sgd", "momentum") for rate in rates]
    best = best_values("styblinski_tang", 2, runs, 300)
    least, _ = FUNCTIONS["styblinski_tang"]().optimum(2) or (np.nan, None)
    assert best["momentum constant"] == pytest.approx(least, abs=1e-3)
    assert best["sgd constant"] > least + 20
