"""Curves for an answer: fewer points that keep the extremes, and plain lists with null for no number."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.trajectories.result import Trajectory as EngineTrajectory
from app.spec.resources.answers import Trajectory


def thin(curve: EngineTrajectory, points: int) -> EngineTrajectory:
    """At most `points` (at least 2) rows: first and last, and of each stretch between its loss's extremes."""
    rows = len(curve.step)
    if rows <= points:
        return curve
    kept = {0, rows - 1}
    loss = np.where(np.isfinite(curve.loss), curve.loss, np.inf)
    for stretch in np.array_split(np.arange(1, rows - 1), max(1, (points - 2) // 2)):
        if points >= 4 and len(stretch):
            kept |= {int(stretch[np.argmin(loss[stretch])]), int(stretch[np.argmax(loss[stretch])])}
    rows_kept = np.array(sorted(kept))
    columns = {field.name: getattr(curve, field.name) for field in dataclasses.fields(curve)}
    return dataclasses.replace(
        curve, **{name: column[rows_kept] for name, column in columns.items() if column is not None}
    )


def answer(curve: EngineTrajectory) -> Trajectory:
    """The curve as the contract has it."""
    parameters = None if curve.parameters is None else [_numbers(row) for row in curve.parameters]
    return Trajectory(
        step=curve.step.tolist(),
        loss=_numbers(curve.loss),
        validation_loss=_numbers(curve.validation_loss),
        learning_rate=_numbers(curve.learning_rate),
        gradient_norm=_numbers(curve.gradient_norm),
        gradient_norm_l1=_numbers(curve.gradient_norm_l1),
        parameters=parameters,
    )


def _numbers(column: NDArray[Any]) -> list[float | None]:
    values: list[float] = column.tolist()
    return [value if math.isfinite(value) else None for value in values]
