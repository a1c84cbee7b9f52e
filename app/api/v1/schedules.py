"""Learning-rate schedules without a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.openapi.models import Example

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.errors import BodyTooLarge, InvalidRequest, MalformedJson, UnsupportedMediaType
from app.services import schedules
from app.spec.resources.catalogue import LearningRates, SchedulePreview
from app.spec.resources.refinement import RefinedSchedule, ScheduleRefinement

EXAMPLES: dict[str, Example] = {
    "cosine": {
        "summary": "A cosine schedule; warmup is a tenth of the run",
        "value": {
            "schedule": {"kind": "cosine", "warmup_fraction": 0.1},
            "learning_rate": 0.1,
            "steps": 20,
        },
    },
    "constant": {
        "summary": "The factors of a constant schedule",
        "value": {"schedule": {"kind": "constant"}, "steps": 5},
    },
}
REFINEMENTS: dict[str, Example] = {
    "adam": {
        "summary": "A short run of Adam with large gradients at the start",
        "value": {
            "gradient_norms": [9.1, 6.2, 3.8, 2.9, 2.4, 2.2, 2.1, 2.1, 2.0, 2.0],
            "optimizer": "adam",
            "learning_rate": 0.001,
        },
    },
    "longer": {
        "summary": "l2 norms, for a next run that is ten times as long",
        "value": {
            "gradient_norms": [4.0, 2.0, 1.5, 1.2, 1.1, 1.0, 1.0, 1.0],
            "norm": "l2",
            "total_steps": 80,
            "learning_rate": 0.1,
        },
    },
}

router = APIRouter(prefix="/v1/schedules", tags=["schedules"], route_class=ApiRoute)


@router.post(
    "/preview",
    operation_id="preview_schedule",
    summary="Preview a schedule",
    response_description="The learning rate of every update.",
    responses=documented(InvalidRequest, MalformedJson, BodyTooLarge, UnsupportedMediaType),
)
def preview_schedule(
    request: Annotated[SchedulePreview, Body(openapi_examples=EXAMPLES)],
) -> LearningRates:
    """Return the learning rates of a schedule, for a plot or a table. Nothing is stored."""
    return LearningRates(learning_rate=schedules.learning_rates(request))


@router.post(
    "/refine",
    operation_id="refine_schedule",
    summary="Refine a schedule from gradient norms",
    response_description="The refined schedule: a table for a job, and the learning rate of every update.",
    responses=documented(InvalidRequest, MalformedJson, BodyTooLarge, UnsupportedMediaType),
)
def refine_schedule(
    request: Annotated[ScheduleRefinement, Body(openapi_examples=REFINEMENTS)],
) -> RefinedSchedule:
    """Compute the schedule for the next run from the gradient norms of a finished run, in any framework.

    The schedule (Defazio et al. 2023, arXiv:2310.07831) takes small steps while gradients are large, such as
    at the start, and decays to zero. It is a shape: the peak must still be tuned. Gradient norms depend on
    the schedule of the run that gave them, so refine again after the next run. Nothing is stored.
    """
    return schedules.refine(request)
