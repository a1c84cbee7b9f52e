from __future__ import annotations

import numpy as np

from app.engine.trajectories.result import Trajectory
from app.tuning.evaluation.replicate_mean import mean_trajectory


def trajectory(losses: list[float], steps: list[int] | None = None) -> Trajectory:
    n = len(losses)
    loss = np.array(losses, dtype=np.float32)
    return Trajectory(
        step=np.array(steps if steps is not None else range(n), dtype=np.int64),
        loss=loss,
        validation_loss=np.where(np.arange(n) == n - 1, loss, np.nan).astype(np.float32),
        learning_rate=np.append(np.full(n - 1, 0.1), np.nan),
        gradient_norm=2 * loss,
        gradient_norm_l1=3 * loss,
        parameters=np.stack([loss, loss], axis=1),
    )


def test_losses_and_norms_are_means_and_parameters_come_from_the_first_replicate() -> None:
    mean = mean_trajectory([trajectory([1.0, 3.0]), trajectory([3.0, 7.0])], steps=1)
    np.testing.assert_array_equal(mean.loss, np.array([2.0, 5.0], dtype=np.float32))
    np.testing.assert_array_equal(mean.gradient_norm, [4.0, 10.0])
    np.testing.assert_array_equal(mean.gradient_norm_l1, [6.0, 15.0])
    np.testing.assert_array_equal(mean.validation_loss, [np.nan, 5.0])
    assert mean.parameters is not None
    np.testing.assert_array_equal(mean.parameters[:, 0], [1.0, 3.0])
    assert mean.loss.dtype == np.float32


def test_the_mean_ends_with_the_shortest_replicate() -> None:
    mean = mean_trajectory([trajectory([1.0, 2.0, 3.0]), trajectory([3.0, np.inf])], steps=2)
    np.testing.assert_array_equal(mean.step, [0, 1])
    np.testing.assert_array_equal(mean.loss, [2.0, np.inf])
    np.testing.assert_array_equal(mean.learning_rate, [0.1, np.nan])


def test_the_mean_of_one_replicate_is_its_trajectory() -> None:
    only = trajectory([1.0])
    assert mean_trajectory([only], steps=1) is only


def test_the_mean_of_long_runs_is_the_first_replicate() -> None:
    first, second = trajectory([1.0, 2.0], [0, 5000]), trajectory([3.0, 4.0], [0, 4000])
    assert mean_trajectory([first, second], steps=5000) is first
