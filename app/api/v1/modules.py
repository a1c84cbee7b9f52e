"""The recommendation as a file: a module for a framework, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.api.v1.downloads import FILE_CONTENT, FORMAT_SUMMARIES, HorizonQuery, download
from app.errors import InvalidRequest, JobNotFound, NoRecommendation, NotExportable
from app.tuning.exports import FORMATS

if TYPE_CHECKING:
    FileFormat: TypeAlias = str
else:
    FileFormat = Literal[tuple(FORMATS)]


class Module(Response):
    """A Python module, the media type of most files."""

    media_type = "text/x-python"


router = APIRouter(prefix="/v1/jobs/{job_id}/recommendation", tags=["recommendation"], route_class=ApiRoute)


@router.get(
    "/module",
    operation_id="get_recommended_module",
    summary="Get the recommendation as a file",
    response_class=Module,
    response_description="The file.",
    responses={
        200: {"content": FILE_CONTENT},
        **documented(JobNotFound, NoRecommendation, NotExportable, InvalidRequest),
    },
)
def get_recommended_module(
    db: Db,
    job_id: JobId,
    horizon: HorizonQuery,
    format: Annotated[FileFormat, Query(description="; ".join(FORMAT_SUMMARIES))] = "python",
) -> Response:
    """Return the recommended schedule and optimizer as a file.

    The files are the same as those of `/recommendation/schedule`. This path answers with text alone, which
    suits clients that are generated from the OpenAPI document: such a client expects JSON from
    `/recommendation/schedule`.
    """
    return download(db, job_id, horizon, format)
