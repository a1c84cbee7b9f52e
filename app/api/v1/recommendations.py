"""The recommendation of a job, and its schedule as a list or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.api.v1.downloads import FILE_CONTENT, FORMAT_SUMMARIES, HorizonQuery, download
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
    summary="Get the recommendation of a job",
    response_description="The tuned optimizer, the schedule, and the evidence for both.",
    responses=documented(JobNotFound, NoRecommendation),
)
def get_recommendation(db: Db, job_id: JobId) -> Recommendation:
    """Return the optimizer and schedule to train with, and their comparison with defaults on fresh seeds.

    The answer is a 409 until the job has succeeded, and if every trial diverged.
    """
    return recommendations.get(db, job_id)


@router.get(
    "/schedule",
    operation_id="get_recommended_schedule",
    summary="Get the recommended schedule for a run of any length",
    response_model=ScheduleTable,
    response_description="The learning rate of every update, or a file.",
    responses={
        200: {"content": FILE_CONTENT},
        **documented(JobNotFound, NoRecommendation, NotExportable, InvalidRequest),
    },
)
def get_recommended_schedule(
    db: Db,
    job_id: JobId,
    horizon: HorizonQuery,
    format: Annotated[FormatName, Query(description="; ".join(["`json`: a list", *FORMAT_SUMMARIES]))] = JSON,
) -> ScheduleTable | Response:
    """Return one learning rate for each update, as a list or a file.

    Lengths such as the warmup are fractions of the run, so the schedule stretches to `total_steps`. The peak
    for that horizon is measured, interpolated between measured peaks, or extrapolated beyond them; `basis`
    says which. A file has the same facts in the headers `Stepsize-Peak`, `Stepsize-Tuned-Total-Steps` and
    `Stepsize-Basis`, and a module has them in its first lines.

    A module runs without changes. It has the tuned optimizer, its gradient clipping and its weight decay.
    If the framework has no equal optimizer, the module names a package that has one or contains the
    optimizer itself. If the optimizer or schedule cannot be expressed in the format, the answer is a 409.

    If the schedule also cycles the momentum, a module with an optimizer sets the momentum. `csv` then has a
    column `momentum`, `python` a function `momentum(step)`, and `json` the learning rates alone.
    """
    if format == JSON:
        return recommendations.schedule_table(
            db,
            job_id,
            horizon.total_steps,
            keeps_peak=horizon.keeps_peak,
            steps_per_epoch=horizon.steps_per_epoch,
        )
    return download(db, job_id, horizon, format)
