"""The trials of a job as one file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.errors import InvalidRequest, JobNotFound
from app.services import export
from app.services.export import Format

CSV_EXAMPLE = "number,state,value,...,params_adam.learning_rate\r\n0,completed,0.25,...,0.004\r\n"
LINE_EXAMPLE = '{"number":0,"state":"completed","value":0.25,"optimizer":{"kind":"adam", ...}, ...}\n'

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["trials"], route_class=ApiRoute)


@router.get(
    "/export",
    operation_id="export_trials",
    summary="Export the trials as a file",
    response_class=StreamingResponse,
    response_description="The file.",
    responses={
        200: {
            "headers": {
                "Content-Disposition": {
                    "description": "file name with the id of the job",
                    "schema": {"type": "string"},
                }
            },
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
                "application/x-ndjson": {"schema": {"type": "string"}, "example": LINE_EXAMPLE},
                "application/vnd.sqlite3": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **documented(JobNotFound, InvalidRequest),
    },
)
def export_trials(
    db: Db,
    job_id: JobId,
    format: Annotated[
        Format,
        Query(
            description="`csv`: a table with a column for each parameter; `jsonl`: a trial on each line, as "
            "`GET` returns it; `optuna`: a SQLite file for `optuna.load_study` and `optuna-dashboard`"
        ),
    ] = "csv",
) -> StreamingResponse:
    """Return all trials of the job in every state, ordered by number, as a stream.

    In an `optuna` file the name of the study is the id of the job. The values at the rungs of a trial are
    its intermediate values. The user attributes of a trial hold its optimizer, its schedule, its state and
    its other fields. Optuna has no state for a diverged trial: the file calls it pruned.
    """
    file = export.export(db, job_id, format)
    disposition = f'attachment; filename="{file.filename}"'
    return StreamingResponse(
        file.content, media_type=file.media_type, headers={"Content-Disposition": disposition}
    )
