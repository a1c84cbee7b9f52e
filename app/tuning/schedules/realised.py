"""What a loss-driven schedule took in a trial, as a table that anyone can train with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from app.domain.records import Configuration
from app.engine.schedules.lengths import updates
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.table import Table
from app.engine.trajectories.result import Trajectory

MOST_FACTORS = 1_000  # of a run whose trajectory is not whole; what is recorded of it is no finer


def taken_schedule(configuration: Configuration, curve: Trajectory) -> dict[str, Any] | None:
    """The table, as `kind` and every field, with the warmup of the rule; None where it has a formula.

    curve: of a trial of this configuration that completed. Whole runs give the factor of every update,
    longer ones those in force at 1,000 evenly spaced updates.
    """
    # Any: the fields of a schedule as JSON has them.
    schedule = configuration.schedule_instance()
    if not isinstance(schedule, LossDriven):
        return None
    horizon = int(curve.step[-1])
    warmup = min(int(updates(schedule.warmup_fraction, horizon)), horizon - 1)
    wanted = np.linspace(warmup, horizon - 1, min(horizon - warmup, MOST_FACTORS))
    recorded = np.searchsorted(curve.step[:-1], wanted, side="right") - 1
    factors = curve.learning_rate[recorded] / configuration.optimizer["learning_rate"]
    table = Table(
        warmup_fraction=schedule.warmup_fraction,
        warmup_start_factor=schedule.warmup_start_factor,
        warmup_shape=schedule.warmup_shape,
        factors=tuple(factors.tolist()),
    )
    return {"kind": Table.kind, **asdict(table)}
