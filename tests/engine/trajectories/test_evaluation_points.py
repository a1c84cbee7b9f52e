"""A schedule-free run is measured at its average, and its gradients are taken elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.batching.run_batch import run_batch
from tests.support.batches import function, run, supervised

KINDS = ("schedule_free_sgd", "schedule_free_adamw")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", [2, 10, 12])
def test_the_value_and_the_recorded_parameters_come_from_the_average(kind: str, dimension: int) -> None:
    objective = function("rosenbrock", dimension)
    runs = [run(kind, learning_rate=1e-3, averaging_power=1.0), run("sgd", learning_rate=1e-4)]
    result = run_batch(objective, runs, steps=40, seed=0, rungs=(20,))
    assert result.trajectories is not None
    averaged, other = result.trajectories
    assert result.values[0] != averaged.loss[-1]  # the loss is the one that the update saw
    assert result.values[1] == other.loss[-1]
    if averaged.parameters is not None and other.parameters is not None:
        exact = objective.function.value(averaged.parameters)
        assert result.values[0] == exact[-1]
        assert result.rung_values[0, 0] == exact[20]
        np.testing.assert_array_equal(objective.function.value(other.parameters), other.loss)


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_share_of_almost_one_both_points_are_almost_the_same(kind: str) -> None:
    share = {"schedule_free_sgd": "momentum", "schedule_free_adamw": "beta1"}[kind]
    almost_one: dict[str, Any] = {share: 1 - 1e-9}
    result = run_batch(
        function("quadratic", 2), [run(kind, learning_rate=1e-3, **almost_one)], steps=30, seed=0
    )
    assert result.trajectories is not None
    assert result.values[0] == pytest.approx(result.trajectories[0].loss[-1], rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rung_does_not_disturb_the_run(kind: str) -> None:
    objective = supervised("iris", (5,))
    runs = [run(kind, batch_size=16), run("adam", batch_size=16)]
    plain = run_batch(objective, runs, steps=30, seed=0)
    measured = run_batch(objective, runs, steps=30, seed=0, rungs=(3, 7, 20))
    np.testing.assert_array_equal(plain.values, measured.values)


@pytest.mark.parametrize("kind", KINDS)
def test_a_neighbour_that_is_measured_at_its_average_changes_no_value(kind: str) -> None:
    objective = supervised("iris", (5,))
    alone = run_batch(objective, [run("adam", batch_size=16)], steps=30, seed=0)
    together = run_batch(objective, [run("adam", batch_size=16), run(kind, batch_size=16)], steps=30, seed=0)
    assert alone.values[0] == together.values[0]
