"""The factors of a loss-driven schedule in a trial, as a table that any training can use."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from app.domain.records import Configuration
from app.engine.schedules.lengths import updates
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.table import Table
from app.engine.trajectories.result import Trajectory

MAX_FACTORS = 1_000  # most factors of a table; the trajectory of a longer run has no more rows


def realised_schedule(configuration: Configuration, trajectory: Trajectory) -> dict[str, Any] | None:
    """Return the factors that a loss-driven schedule took, as a `table` schedule with the same warmup.

    The table has the factor of every update; for a run of more than 1,000 updates after the warmup, the
    factors in force at 1,000 evenly spaced updates. The result is None if the schedule has a formula.
    trajectory: of a completed trial of this configuration.
    """
    # Any: the fields of a schedule as JSON has them.
    schedule = configuration.schedule_instance()
    if not isinstance(schedule, LossDriven):
        return None
    horizon = int(trajectory.step[-1])
    warmup = min(int(updates(schedule.warmup_fraction, horizon)), horizon - 1)
    steps = np.linspace(warmup, horizon - 1, min(horizon - warmup, MAX_FACTORS))
    rows = np.searchsorted(trajectory.step[:-1], steps, side="right") - 1
    factors = trajectory.learning_rate[rows] / configuration.optimizer["learning_rate"]
    table = Table(
        warmup_fraction=schedule.warmup_fraction,
        warmup_start_factor=schedule.warmup_start_factor,
        warmup_shape=schedule.warmup_shape,
        factors=tuple(factors.tolist()),
    )
    return {"kind": Table.kind, **asdict(table)}
