"""The recommended schedule as plain numbers, for any horizon."""

from __future__ import annotations

from typing import cast

from app.engine.arrays import Array
from app.engine.schedules import SCHEDULES, Schedule
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import cycling
from app.errors import NotExportable
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.source.per_epoch import by_epoch


def learning_rates(recommendation: Recommendation, total_steps: int) -> list[float]:
    """Return the learning rate of every update of a run of `total_steps` updates. Raises NotExportable."""
    peak = recommendation.optimizer["learning_rate"]
    return cast(list[float], (peak * factor_table(recommendation, total_steps)).tolist())


def momenta(recommendation: Recommendation, total_steps: int) -> list[float] | None:
    """Return the momentum of every update; None if the schedule does not cycle it. Raises NotExportable."""
    schedule = cycling(exported_schedule(recommendation))
    return None if schedule is None else cast(list[float], schedule.momentum_table(total_steps).tolist())


def factor_table(recommendation: Recommendation, total_steps: int) -> Array:
    """Return the factors of the peak: (total_steps,) float64. Raises NotExportable."""
    return exported_schedule(recommendation).table(total_steps)


def exported_schedule(recommendation: Recommendation) -> Schedule:
    """Return the schedule, or the table of factors that a loss-driven one took. Raises NotExportable."""
    fields = dict(recommendation.taken_schedule or recommendation.schedule)
    schedule = SCHEDULES[fields.pop("kind")](**fields)
    if isinstance(schedule, LossDriven):
        raise NotExportable(
            f"{schedule.kind} follows the losses of a run, and the factors of the winner's run were not "
            "stored; run the job again, or train with the rule itself"
        )
    return by_epoch(recommendation, schedule)
