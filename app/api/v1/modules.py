"""The recommendation as a file: a module for a framework, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.api.v1.downloads import Peak, StepsPerEpoch, TotalSteps, as_download
from app.errors import InvalidRequest, JobNotFound, NoRecommendation, NotExportable
from app.services import recommendations
from app.tuning.exports import FORMATS

if TYPE_CHECKING:
    FileFormat: TypeAlias = str
else:
    FileFormat = Literal[tuple(FORMATS)]


class Module(Response):
    """A module of Python, as most of the files are."""

    media_type = "text/x-python"


router = APIRouter(prefix="/v1/jobs/{job_id}/recommendation", tags=["recommendation"], route_class=ApiRoute)


@router.get(
    "/module",
    operation_id="get_recommended_module",
    summary="The recommendation as a file",
    response_class=Module,
    response_description="The file.",
    responses={
        200: {
            "content": {
                "text/x-python": {"schema": {"type": "string"}, "example": "TOTAL_STEPS = 500\n"},
                "text/csv": {"schema": {"type": "string"}, "example": "step,learning_rate\r\n0,0.004\r\n"},
            }
        },
        **documented(JobNotFound, NoRecommendation, NotExportable, InvalidRequest),
    },
)
def get_recommended_module(
    db: Db,
    job_id: JobId,
    total_steps: TotalSteps = None,
    peak: Peak = "horizon",
    steps_per_epoch: StepsPerEpoch = None,
    format: Annotated[
        FileFormat,
        Query(description="; ".join(f"`{name}`: {found.summary}" for name, found in FORMATS.items())),
    ] = "python",
) -> Response:
    """The files that `.../schedule` serves too, on a path that answers a text and nothing else: clients that
    were generated from the OpenAPI document take that of `.../schedule` for JSON.
    """
    keeps_peak = peak == "tuned"
    file = recommendations.schedule_file(
        db, job_id, total_steps, format, keeps_peak=keeps_peak, steps_per_epoch=steps_per_epoch
    )
    return as_download(file)
