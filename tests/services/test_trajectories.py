"""Thinning a trajectory keeps its ends and its extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.services.trajectories import answer, thin
from tests.support.trajectories import make_trajectory


@pytest.mark.parametrize("points", [2, 3, 4, 5, 10, 99, 500])
def test_a_thinned_trajectory_has_at_most_the_given_points_and_both_ends(points: int) -> None:
    trajectory = make_trajectory(rows=1001)
    thinned = thin(trajectory, points)
    assert len(thinned.step) <= points
    assert thinned.step[0] == 0
    assert thinned.step[-1] == 1000
    assert np.all(np.diff(thinned.step) > 0)


def test_a_thinned_trajectory_keeps_the_extremes() -> None:
    trajectory = make_trajectory(rows=1001)
    trajectory.loss[[123, 777]] = [-50.0, 50.0]
    thinned = thin(trajectory, 20)
    assert {123, 777} <= set(thinned.step.tolist())


def test_a_short_trajectory_is_not_thinned() -> None:
    trajectory = make_trajectory(rows=10)
    assert thin(trajectory, 10) is trajectory


def test_a_nan_becomes_null() -> None:
    trajectory = make_trajectory(rows=4, parameters=2)
    trajectory.loss[1:3] = [math.inf, math.nan]
    body = answer(trajectory)
    assert body.loss[1:3] == [None, None]
    assert body.learning_rate[-1] is None
    assert body.validation_loss[:3] == [None] * 3
    assert body.parameters is not None
    assert len(body.parameters) == 4
