"""Trajectories for a response: fewer points, and plain lists with null for a value that is not finite."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.trajectories.result import Trajectory as EngineTrajectory
from app.spec.resources.answers import Trajectory


def thin(trajectory: EngineTrajectory, points: int) -> EngineTrajectory:
    """Return at most `points` (at least 2) rows: the first, the last, and the extremes of the loss between.

    The rows between are cut into stretches of equal length; each keeps its lowest and its highest loss.
    """
    rows = len(trajectory.step)
    if rows <= points:
        return trajectory
    kept = {0, rows - 1}
    loss = np.where(np.isfinite(trajectory.loss), trajectory.loss, np.inf)
    for stretch in np.array_split(np.arange(1, rows - 1), max(1, (points - 2) // 2)):
        if points >= 4 and len(stretch):
            kept |= {int(stretch[np.argmin(loss[stretch])]), int(stretch[np.argmax(loss[stretch])])}
    rows_kept = np.array(sorted(kept))
    columns = {field.name: getattr(trajectory, field.name) for field in dataclasses.fields(trajectory)}
    return dataclasses.replace(
        trajectory, **{name: column[rows_kept] for name, column in columns.items() if column is not None}
    )


def answer(trajectory: EngineTrajectory) -> Trajectory:
    """Return the trajectory as a body of the contract."""
    parameters = None if trajectory.parameters is None else [_numbers(row) for row in trajectory.parameters]
    return Trajectory(
        step=trajectory.step.tolist(),
        loss=_numbers(trajectory.loss),
        validation_loss=_numbers(trajectory.validation_loss),
        learning_rate=_numbers(trajectory.learning_rate),
        gradient_norm=_numbers(trajectory.gradient_norm),
        gradient_norm_l1=_numbers(trajectory.gradient_norm_l1),
        parameters=parameters,
    )


def _numbers(column: NDArray[Any]) -> list[float | None]:
    values: list[float] = column.tolist()
    return [value if math.isfinite(value) else None for value in values]
