"""What the steps of a function draw: noise, sparse gradients, and an optimum that moves."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.batching.run_batch import run_batch
from app.engine.objectives.function import FunctionProblem
from tests.support.batches import function, run

STEPS = 4000


def gradients_at_ones(name: str, noise: float, replicate: int = 0, steps: int = STEPS) -> NDArray[np.float64]:
    """Return the gradient of every draw at all ones in ten parameters, (S, D)."""
    objective = function(name, 10, noise=noise)
    problem = objective.problem(5, replicate, None, np.float64)
    x = np.ones((1, 10))
    g, losses = np.empty_like(x), np.empty(1)
    workspace = objective.workspace([problem], x, g)
    problem.draw(steps)
    gradients = np.empty((steps, 10))
    for step in range(steps):
        workspace.evaluate(step, losses)
        gradients[step] = g[0]
    return gradients


CURVATURES = np.geomspace(1.0, 100.0, 10)  # the exact gradient at all ones


def test_a_sparse_gradient_is_nonzero_at_one_step_in_ten_and_exact_in_the_mean() -> None:
    gradients = gradients_at_ones("sparse_quadratic", 0.0)
    drawn = gradients != 0.0
    # Within four standard errors of 4,000 draws.
    np.testing.assert_allclose(drawn.mean(axis=0), 0.1, atol=4 * np.sqrt(0.09 / STEPS))
    np.testing.assert_allclose(gradients.mean(axis=0), CURVATURES, rtol=4 * np.sqrt(9.0 / STEPS))
    np.testing.assert_allclose(
        gradients[drawn], np.broadcast_to(10 * CURVATURES, gradients.shape)[drawn], rtol=1e-15
    )


def test_parameters_are_drawn_apart() -> None:
    drawn = gradients_at_ones("sparse_quadratic", 0.0) != 0.0
    together = np.corrcoef(drawn.T) - np.eye(10)
    assert np.abs(together).max() < 5 / np.sqrt(STEPS)


def test_noise_falls_on_the_drawn_parameters_alone_and_leaves_the_draw_as_it_is() -> None:
    exact, noisy = (gradients_at_ones("sparse_quadratic", noise) for noise in (0.0, 0.5))
    np.testing.assert_array_equal(exact != 0.0, noisy != 0.0)
    noise = (noisy - exact)[exact != 0.0]
    assert noise.std() == pytest.approx(0.5, rel=0.05)  # some 4,000 draws: 1 %


def test_replicates_draw_apart() -> None:
    first, second = (gradients_at_ones("sparse_quadratic", 0.0, replicate) != 0.0 for replicate in (0, 1))
    assert 0.1 < (first != second).mean() < 0.25


@pytest.mark.parametrize("name", ["sparse_quadratic", "drifting_quadratic"])
def test_draws_do_not_depend_on_how_many_are_drawn_at_once(name: str) -> None:
    objective = function(name, 3, noise=0.1)
    whole, parts = (cast(FunctionProblem, objective.problem(2, 0, None, np.float32)) for _ in range(2))
    whole.draw(12)
    collected: dict[str, list[object]] = {"noise": [], "shares": [], "centres": []}
    for count in (1, 7, 4):
        parts.draw(count)
        for field, draws in collected.items():
            draws += [] if getattr(parts, field) is None else list(getattr(parts, field))
    for field, draws in collected.items():
        expected = getattr(whole, field)
        np.testing.assert_array_equal(np.array(draws), [] if expected is None else expected)


def test_runs_on_sparse_gradients_depend_on_the_replicate_and_not_on_other_rows() -> None:
    objective = function("sparse_quadratic", 3)
    assert not objective.deterministic
    runs = [run("sgd", learning_rate=1e-3, replicate=replicate) for replicate in (0, 1, 0)]
    values = run_batch(objective, runs, steps=30, seed=0).values
    assert values[0] == values[2] != values[1]


def test_the_loss_is_relative_to_the_present_optimum() -> None:
    objective = function("drifting_quadratic", 2, start=(0.3, -0.2))
    assert objective.deterministic
    still = run("sgd", learning_rate=1e-300)
    result = run_batch(objective, [still], steps=300, seed=0, rungs=(100,))
    assert result.trajectories is not None
    angles = 0.05 * np.arange(301)
    expected = 0.5 * (0.3 - np.cos(angles)) ** 2 + 50 * (-0.2 - np.sin(angles)) ** 2
    np.testing.assert_allclose(result.trajectories[0].loss, expected, rtol=1e-10)
    assert result.rung_values[0, 0] == result.trajectories[0].loss[100]
    assert result.values[0] == result.trajectories[0].loss[-1]


def test_an_average_is_measured_at_the_last_optimum() -> None:
    objective = function("drifting_quadratic", 2)
    result = run_batch(objective, [run("schedule_free_sgd", learning_rate=0.01)], steps=50, seed=0)
    assert result.trajectories is not None
    assert result.trajectories[0].parameters is not None
    x, y = result.trajectories[0].parameters[-1]
    angle = 0.05 * 50
    expected = 0.5 * (x - np.cos(angle)) ** 2 + 50 * (y - np.sin(angle)) ** 2
    assert result.values[0] == pytest.approx(expected, rel=1e-12)


def tuned(name: str, optimizer: str, rates: tuple[float, float], schedule: str = "constant") -> float:
    """Return the best mean of three replicates over learning rates."""
    runs = [
        run(optimizer, schedule, learning_rate=rate, replicate=replicate)
        for rate in np.geomspace(*rates, 15).tolist()
        for replicate in range(3)
    ]
    values = run_batch(function(name, 20), runs, steps=1000, seed=0, record=False).values
    return float(np.nanmin(values.reshape(-1, 3).mean(axis=1)))


def test_adagrad_is_ahead_on_sparse_gradients() -> None:
    adagrad = tuned("sparse_quadratic", "adagrad", (1e-3, 1.0))
    for other in ("sgd", "momentum", "nesterov"):
        assert adagrad < 1e-3 * tuned("sparse_quadratic", other, (1e-5, 1e-1))


def test_rmsprop_follows_an_optimum_that_adagrad_falls_behind() -> None:
    adagrad = tuned("drifting_quadratic", "adagrad", (1e-3, 1.0))
    assert tuned("drifting_quadratic", "rmsprop", (1e-3, 1.0)) < 0.2 * adagrad


def test_a_decay_falls_behind_an_optimum_that_moves() -> None:
    for optimizer in ("momentum", "rmsprop", "adam"):
        constant, decayed = (
            tuned("drifting_quadratic", optimizer, (1e-3, 1.0), schedule)
            for schedule in ("constant", "linear")
        )
        assert constant < 0.1 * decayed
