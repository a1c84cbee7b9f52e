"""The learning rates of a schedule, without a job."""

from __future__ import annotations

from app.engine.schedules import SCHEDULES
from app.spec.kinds import instance
from app.spec.resources.catalogue import SchedulePreview


def learning_rates(preview: SchedulePreview) -> list[float]:
    """The learning rate of every update."""
    table = instance(SCHEDULES, preview.schedule).table(preview.steps)
    rates: list[float] = (table * preview.learning_rate).tolist()
    return rates
