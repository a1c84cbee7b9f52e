"""Learning-rate schedules without a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.openapi.models import Example

from app.api.problems import documented
from app.api.route import ApiRoute
from app.errors import BodyTooLarge, InvalidRequest, MalformedJson, UnsupportedMediaType
from app.services import preview
from app.spec.catalogue import LearningRates, SchedulePreview

EXAMPLES: dict[str, Example] = {
    "cosine": {
        "summary": "A cosine with a tenth of warmup",
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
    """The learning rates of a schedule, for a plot or a table; nothing is stored."""
    return LearningRates(learning_rate=preview.learning_rates(request))
