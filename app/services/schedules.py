"""Schedules without a job: the learning rates of one, and the refined schedule of a run of any framework."""

from __future__ import annotations

from app.engine.schedules import SCHEDULES
from app.spec.kinds import instance
from app.spec.resources.catalogue import SchedulePreview
from app.spec.resources.refinement import RefinedSchedule, ScheduleRefinement
from app.tuning.schedules.refinement import Norm, norm_for, refined_factors, resample, table_schedule


def learning_rates(preview: SchedulePreview) -> list[float]:
    """Return the learning rate of every update."""
    table = instance(SCHEDULES, preview.schedule).table(preview.steps)
    rates: list[float] = (table * preview.learning_rate).tolist()
    return rates


def refine(request: ScheduleRefinement) -> RefinedSchedule:
    """Return the schedule that the gradient norms of a run suggest for the next run of the same training."""
    norm = norm_for(str(request.optimizer)) if request.norm is None else Norm(request.norm)
    factors = refined_factors(request.gradient_norms, norm, request.smoothing)
    total_steps = request.total_steps or len(factors)
    return RefinedSchedule(
        schedule=table_schedule(factors),
        norm=norm.value,
        total_steps=total_steps,
        learning_rate=(request.learning_rate * resample(factors, total_steps)).tolist(),
    )
