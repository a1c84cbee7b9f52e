"""The recommended schedule as plain numbers, for any horizon."""

from __future__ import annotations

from typing import cast

from app.engine.arrays import Array
from app.engine.schedules import SCHEDULES
from app.spec.recommendation import Recommendation


def learning_rates(recommendation: Recommendation, total_steps: int) -> list[float]:
    """The learning rate of every update of a run of `total_steps` updates."""
    peak = recommendation.optimizer["learning_rate"]
    return cast(list[float], (peak * factor_table(recommendation, total_steps)).tolist())


def factor_table(recommendation: Recommendation, total_steps: int) -> Array:
    """The factors of the peak: (total_steps,) float64."""
    fields = dict(recommendation.schedule)
    return SCHEDULES[fields.pop("kind")](**fields).table(total_steps)
