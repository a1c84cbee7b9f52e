"""The recommendation of a job, and its schedule in other forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.api.v1.downloads import Peak, StepsPerEpoch, TotalSteps, as_download
from app.errors import InvalidRequest, JobNotFound, NoRecommendation, NotExportable
from app.services import recommendations
from app.spec.resources.catalogue import ScheduleTable
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports import FORMATS

JSON = "json"

if TYPE_CHECKING:
    FormatName: TypeAlias = str
else:
    FormatName = Literal[(JSON, *FORMATS)]

router = APIRouter(prefix="/v1/jobs/{job_id}/recommendation", tags=["recommendation"], route_class=ApiRoute)


@router.get(
    "",
    operation_id="get_recommendation",
    summary="The answer of a job",
    response_description="The tuned optimizer, the schedule, and the evidence for them.",
    responses=documented(JobNotFound, NoRecommendation),
)
def get_recommendation(db: Db, job_id: JobId) -> Recommendation:
    """The optimizer and schedule to train with, raced against defaults on fresh seeds.

    A job that has not come that far, or in which every trial diverged, has none: 409.
    """
    return recommendations.get(db, job_id)


@router.get(
    "/schedule",
    operation_id="get_recommended_schedule",
    summary="The recommended schedule for any horizon",
    response_model=ScheduleTable,
    response_description="The learning rate of every update, or a file.",
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": "step,learning_rate\r\n0,0.004\r\n"},
                "text/x-python": {"schema": {"type": "string"}, "example": "TOTAL_STEPS = 500\n"},
            }
        },
        **documented(JobNotFound, NoRecommendation, NotExportable, InvalidRequest),
    },
)
def get_recommended_schedule(
    db: Db,
    job_id: JobId,
    total_steps: TotalSteps = None,
    peak: Peak = "horizon",
    steps_per_epoch: StepsPerEpoch = None,
    format: Annotated[
        FormatName,
        Query(
            description="; ".join(
                ["`json`: a list", *(f"`{name}`: {found.summary}" for name, found in FORMATS.items())]
            )
        ),
    ] = JSON,
) -> ScheduleTable | Response:
    """One learning rate for each update. Lengths such as the warmup are fractions of the horizon, so that
    the schedule stretches to `total_steps`. The peak is the one for that horizon: measured, interpolated
    between measured ones, or extrapolated beyond them; `basis` says which. A file has the same in the
    headers `Stepsize-Peak`, `Stepsize-Tuned-Total-Steps` and `Stepsize-Basis`, a module in its first lines.

    A module runs as it stands, with the tuned optimizer, its limits
    of the gradient and its weight decay; where its framework has no optimizer that equals the tuned one, it
    comes from the package that the module names, or is in the module. What has no form there is a 409.

    Where the schedule cycles the momentum too, the modules with an optimizer set it, `csv` has a column
    `momentum`, `python` a function `momentum(step)`, and `json` has the rates alone.
    """
    keeps_peak = peak == "tuned"
    if format == JSON:
        return recommendations.schedule_table(
            db, job_id, total_steps, keeps_peak=keeps_peak, steps_per_epoch=steps_per_epoch
        )
    file = recommendations.schedule_file(
        db, job_id, total_steps, format, keeps_peak=keeps_peak, steps_per_epoch=steps_per_epoch
    )
    return as_download(file)
