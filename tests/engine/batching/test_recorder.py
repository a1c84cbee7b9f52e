"""The rows of a trajectory: their values, the last row, and the rows that a long trajectory keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from app.engine.batching.downsampling_recorder import MAX_TRAJECTORY_ROWS, bucket_edges
from app.engine.batching.run_batch import run_batch
from app.engine.batching.stacking import stack
from app.engine.trajectories.result import Trajectory
from tests.support.batches import function, losses_and_gradients, run, supervised
from tests.support.kinds import make_optimizer


def record(objective: Any, runs: Any, **arguments: Any) -> Sequence[Trajectory]:
    result = run_batch(objective, runs, seed=0, **arguments)
    assert result.trajectories is not None
    return result.trajectories


def test_row_k_is_the_state_before_update_k() -> None:
    objective = function("rosenbrock", 3)
    runs = [run("sgd", "cosine", learning_rate=1e-3)]
    (trajectory,) = record(objective, runs, steps=8)
    assert trajectory.step.tolist() == list(range(9))
    x = objective.function.default_start(3)
    for k, rate in enumerate(runs[0].schedule.table(8) * 1e-3):
        losses, gradients = losses_and_gradients(objective, x[np.newaxis])
        assert trajectory.loss[k] == losses[0]
        assert trajectory.learning_rate[k] == rate
        assert trajectory.gradient_norm[k] == pytest.approx(np.linalg.norm(gradients), rel=1e-6)
        assert trajectory.gradient_norm_l1[k] == pytest.approx(np.abs(gradients).sum(), rel=1e-6)
        assert trajectory.parameters is not None
        np.testing.assert_allclose(trajectory.parameters[k], x, rtol=1e-12)
        x = x - rate * gradients[0]
    assert trajectory.parameters is not None
    np.testing.assert_allclose(trajectory.parameters[8], x, rtol=1e-12)
    assert np.isnan(trajectory.learning_rate[8])
    assert trajectory.loss[8] == pytest.approx(losses_and_gradients(objective, x[np.newaxis])[0][0])


def test_a_norm_is_that_of_the_raw_gradient_in_single_precision() -> None:
    objective = function("rosenbrock", 3)
    changed = make_optimizer("sgd", learning_rate=1e-3, weight_decay=1.0, gradient_clip_norm=0.5)
    (trajectory,) = record(
        objective, [dataclasses.replace(run("sgd", learning_rate=1e-3), optimizer=changed)], steps=5
    )
    assert trajectory.parameters is not None
    assert trajectory.gradient_norm.dtype == np.float32
    _, gradients = losses_and_gradients(objective, trajectory.parameters)
    expected = np.linalg.norm(gradients, axis=1)
    assert expected.min() > 2 * 0.5
    np.testing.assert_allclose(trajectory.gradient_norm, expected, rtol=1e-6)


def test_the_last_loss_of_a_schedule_free_optimizer_is_not_the_value_of_the_trial() -> None:
    objective = function("rosenbrock", 2)
    runs = [run("schedule_free_sgd", learning_rate=1e-3), run("sgd", learning_rate=1e-3)]
    result = run_batch(objective, runs, steps=20, seed=0)
    assert result.trajectories is not None
    averaged, plain = result.trajectories
    assert averaged.parameters is not None
    at_average, _ = losses_and_gradients(objective, averaged.parameters[-1:])
    assert result.values[0] == at_average[0] != averaged.loss[-1]
    assert result.values[1] == plain.loss[-1]


@pytest.mark.parametrize("size", [1e-30, 1e30])
@pytest.mark.parametrize("dimension", [1, 2, 3, 10])
def test_a_norm_is_finite_if_its_squares_exceed_single_precision(dimension: int, size: float) -> None:
    objective = function("quadratic", dimension, start=(size,) * dimension)
    (trajectory,) = record(objective, [run("sgd", learning_rate=1e-3)], steps=1)
    _, (gradient,) = losses_and_gradients(objective, np.full((1, dimension), size))
    assert trajectory.gradient_norm[0] == pytest.approx(np.linalg.norm(gradient), rel=1e-6)
    assert trajectory.gradient_norm_l1[0] == pytest.approx(np.abs(gradient).sum(), rel=1e-6)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_norms_of_a_row_do_not_depend_on_other_rows(dimension: int) -> None:
    objective = function("quadratic", dimension)
    runs = [run("sgd", learning_rate=rate) for rate in np.geomspace(1e-5, 1e-2, 9)]
    for single, together in zip(runs, record(objective, runs, steps=7), strict=True):
        (alone,) = record(objective, [single], steps=7)
        np.testing.assert_array_equal(together.gradient_norm, alone.gradient_norm, strict=True)
        np.testing.assert_array_equal(together.gradient_norm_l1, alone.gradient_norm_l1, strict=True)


def test_the_loss_of_a_noisy_function_is_exact() -> None:
    noisy = function("quadratic", 3, noise=5.0)
    (trajectory,) = record(noisy, [run(learning_rate=0.01)], steps=20)
    assert trajectory.parameters is not None
    losses, _ = losses_and_gradients(function("quadratic", 3), trajectory.parameters.copy())
    np.testing.assert_array_equal(trajectory.loss, losses)


def test_a_models_loss_is_its_minibatches_and_norms_are_of_its_gradient() -> None:
    objective = supervised("iris", (4,), l2=0.01)
    (trajectory,) = record(objective, [run("sgd", learning_rate=1e-12, batch_size=16)], steps=4)
    problem = objective.problem(0, 0, 16, np.float64)
    problem.draw(5)
    x = problem.start()[np.newaxis].copy()
    g, losses = np.zeros_like(x), np.zeros(1)
    workspace = objective.workspace([problem], x, g)
    for k in range(5):  # the last row is of one further minibatch
        workspace.evaluate(k, losses)
        assert trajectory.loss[k] == pytest.approx(losses[0], rel=1e-9)
        assert trajectory.gradient_norm[k] == pytest.approx(np.linalg.norm(g), rel=1e-6)
        assert trajectory.gradient_norm_l1[k] == pytest.approx(np.abs(g).sum(), rel=1e-6)


def test_parameters_are_recorded_up_to_ten_of_them() -> None:
    ten, eleven = (record(function("quadratic", d), [run()], steps=3)[0] for d in (10, 11))
    assert ten.parameters is not None
    assert ten.parameters.shape == (4, 10)
    assert eleven.parameters is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_validation_loss_is_recorded_at_rungs_and_in_the_last_row_only(dtype: type) -> None:
    objective = supervised("iris", (4,), metric="validation_error")
    (trajectory,) = record(objective, [run(batch_size=16)], steps=20, rungs=(5, 12), dtype=dtype)
    assert np.flatnonzero(~np.isnan(trajectory.validation_loss)).tolist() == [5, 12, 20]
    assert trajectory.validation_loss.dtype == trajectory.loss.dtype == dtype
    assert trajectory.learning_rate.dtype == np.float64


def test_a_function_has_no_validation_loss() -> None:
    (trajectory,) = record(function("rosenbrock"), [run()], steps=20, rungs=(5,))
    assert np.isnan(trajectory.validation_loss).all()


def test_trajectories_stay_as_they_were_first_read() -> None:
    objective = function("rosenbrock")
    trajectories = record(objective, [run(), run("sgd", learning_rate=1e-4)], steps=100)
    first, again = trajectories[1], trajectories[1]
    assert len(trajectories) == 2
    np.testing.assert_array_equal(first.gradient_norm, again.gradient_norm)
    assert np.shares_memory(first.loss, again.loss)


@pytest.mark.parametrize("dimension", [3, 30])
def test_dropped_rows_do_not_change_the_records_of_other_rows(dimension: int) -> None:
    objective = function("quadratic", dimension)
    runs = [run("sgd", learning_rate=rate) for rate in (1e-4, 50.0, 2e-4, 60.0, 3e-4)]
    trajectories = record(objective, runs, steps=200)
    assert [len(trajectory.step) == 201 for trajectory in trajectories] == [True, False, True, False, True]
    for single, together in zip(runs, trajectories, strict=True):
        (alone,) = record(objective, [single], steps=200)
        for column in ("loss", "gradient_norm", "gradient_norm_l1", "parameters"):
            np.testing.assert_array_equal(getattr(together, column), getattr(alone, column))


@pytest.mark.parametrize("steps", [20, 3000])
def test_a_pruned_runs_trajectory_ends_at_the_rung(steps: int) -> None:
    objective = supervised("iris")
    runs = [run("sgd", learning_rate=rate, batch_size=8) for rate in (0.1, 1e-6)]
    whole, pruned = record(
        objective, runs, steps=steps, rungs=(7,), judge=lambda step, values: values < values.max()
    )
    assert pruned.step[-1] == 7
    assert whole.step[-1] == steps
    assert np.isnan(pruned.learning_rate[-1])
    assert not np.isnan(pruned.learning_rate[:-1]).any()
    assert not np.isnan(pruned.validation_loss[-1])
    np.testing.assert_array_equal(np.isnan(whole.validation_loss), ~np.isin(whole.step, [7, steps]))


@pytest.mark.parametrize("steps", [1000, 5000])
def test_a_diverged_runs_trajectory_ends_with_the_loss_that_ended_it(steps: int) -> None:
    runs = [run("sgd", learning_rate=rate) for rate in (0.021, 0.001)]
    diverged, healthy = record(function("quadratic", 3), runs, steps=steps)
    assert diverged.loss[-1] > 1e12 * diverged.loss[0] or not np.isfinite(diverged.loss[-1])
    assert (diverged.loss[:-1] <= 1e12 * diverged.loss[0]).all()
    assert np.isnan(diverged.learning_rate[-1])
    assert not np.isnan(diverged.learning_rate[:-1]).any()
    assert healthy.step[-1] == steps


def test_a_thousand_steps_are_recorded_whole() -> None:
    (trajectory,) = record(function("rosenbrock"), [run()], steps=1000)
    assert trajectory.step.tolist() == list(range(1001))


@pytest.mark.parametrize(
    ("steps", "rungs"), [(1001, ()), (1500, (1, 2, 700)), (4321, tuple(range(100, 3400, 100)))]
)
def test_a_longer_run_keeps_the_extremes_of_every_bucket(steps: int, rungs: tuple[int, ...]) -> None:
    objective = function("rosenbrock", 2, noise=3.0)
    runs = [run(learning_rate=rate, replicate=i) for i, rate in enumerate((1e-3, 1e-2, 0.3))]
    thinned = record(objective, runs, steps=steps, rungs=rungs)
    for trajectory, single in zip(thinned, runs, strict=True):
        every = every_row(objective, single, steps)
        assert len(trajectory.step) <= MAX_TRAJECTORY_ROWS
        assert trajectory.step[0] == 0
        assert trajectory.step[-1] == steps
        assert (np.diff(trajectory.step) > 0).all()
        assert np.isin(rungs, trajectory.step).all()
        np.testing.assert_array_equal(trajectory.loss, every[trajectory.step])
        edges = bucket_edges(steps, np.array(rungs, dtype=np.int64))
        expected = set()
        for low, high in pairwise(edges.tolist()):
            expected |= {low + int(np.argmin(every[low:high])), low + int(np.argmax(every[low:high]))}
        assert trajectory.step.tolist() == sorted(expected)


@pytest.mark.parametrize("excess", [3e-5, 4e-5, 5e-5, 6e-5, 7e-5])
def test_a_long_run_that_diverges_keeps_the_extremes_up_to_there(excess: float) -> None:
    objective = function("quadratic", 2, noise=1.0)
    single = run("sgd", learning_rate=0.02 + excess)
    (trajectory,) = record(objective, [single], steps=9000)
    end = int(trajectory.step[-1])
    assert 1001 < end < 9000
    every = every_row(objective, single, end)
    np.testing.assert_array_equal(trajectory.loss, every[trajectory.step])
    expected = {end}
    for low, high in pairwise(bucket_edges(9000, np.array([], dtype=np.int64)).tolist()):
        if low < end:
            until = min(high, end)
            expected |= {low + int(np.argmin(every[low:until])), low + int(np.argmax(every[low:until]))}
    assert trajectory.step.tolist() == sorted(expected)


def every_row(objective: Any, single: Any, steps: int) -> np.ndarray:
    """Compute the loss of every step of a run at a constant rate by the updates themselves."""
    problem = objective.problem(0, single.replicate, None, np.float64)
    x = problem.start()[np.newaxis].copy()
    g, losses = np.zeros_like(x), np.zeros(1)
    workspace = objective.workspace([problem], x, g)
    stacked = stack([single.optimizer], x.shape[1])
    state, work, recorded = stacked.init(x), np.empty_like(x), []
    for k in range(steps + 1):
        problem.draw(1)
        workspace.evaluate(0, losses)
        workspace.fill_deferred_losses(0, x[np.newaxis], losses[np.newaxis])
        recorded.append(losses[0])
        stacked.update(x, g, stacked.learning_rate, k, state, work)
    return np.array(recorded)
