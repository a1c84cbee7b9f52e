"""The refined schedule of a run of any framework."""

from __future__ import annotations

from app.spec.resources.refinement import RefinedSchedule, ScheduleRefinement
from app.tuning.schedules.refinement import Norm, norm_for, refined_factors, resample, table_schedule


def refine(request: ScheduleRefinement) -> RefinedSchedule:
    """The schedule that suits the next run of the same training."""
    norm = norm_for(str(request.optimizer)) if request.norm is None else Norm(request.norm)
    factors = refined_factors(request.gradient_norms, norm, request.smoothing)
    total_steps = request.total_steps or len(factors)
    return RefinedSchedule(
        schedule=table_schedule(factors),
        norm=norm.value,
        total_steps=total_steps,
        learning_rate=(request.learning_rate * resample(factors, total_steps)).tolist(),
    )
