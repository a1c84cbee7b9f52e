"""The recommended schedule as a file: the parameters and the answer that two paths share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from app.db import Database
from app.services import recommendations
from app.spec.job import MAX_STEPS
from app.tuning.exports import FORMATS

# The text of each format's entry in the description of the parameter `format`.
FORMAT_SUMMARIES = [f"`{name}`: {file_format.summary}" for name, file_format in FORMATS.items()]
# How OpenAPI declares the content of a file.
FILE_CONTENT: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}, "example": "step,learning_rate\r\n0,0.004\r\n"},
    "text/x-python": {"schema": {"type": "string"}, "example": "TOTAL_STEPS = 500\n"},
}


@dataclass(frozen=True)
class Horizon:
    """The run for which a client requests the recommended schedule.

    total_steps: updates of the run; None for the steps of the job.
    keeps_peak: whether the peak is the one tuned for the steps of the job.
    steps_per_epoch: updates of an epoch, for one entry an epoch; None for one entry an update.
    """

    total_steps: int | None
    keeps_peak: bool
    steps_per_epoch: int | None


# Async: FastAPI would run a plain function in a thread, which costs more than the function itself.
async def _horizon(
    total_steps: Annotated[
        int | None,
        Query(
            description="updates of the run, at most 1,000,000 or the steps of the job, whichever is larger; "
            "by default the steps of the job",
            ge=1,
            le=MAX_STEPS,
        ),
    ] = None,
    peak: Annotated[
        Literal["horizon", "tuned"],
        Query(
            description="the peak learning rate. `horizon`: the best peak for a run of `total_steps` "
            "updates; `tuned`: the peak that was tuned for the steps of the job"
        ),
    ] = "horizon",
    steps_per_epoch: Annotated[
        int | None,
        Query(
            description="updates of an epoch, for a trainer that steps its schedule once an epoch. An entry "
            "is then the learning rate of the first update of an epoch; by default each entry is an update",
            ge=1,
            le=MAX_STEPS,
        ),
    ] = None,
) -> Horizon:
    return Horizon(total_steps, peak == "tuned", steps_per_epoch)


HorizonQuery = Annotated[Horizon, Depends(_horizon)]


def download(db: Database, job_id: str, horizon: Horizon, format: str) -> Response:
    """Return the recommended schedule as a file, with the source of its peak in headers."""
    file = recommendations.schedule_file(
        db,
        job_id,
        horizon.total_steps,
        format,
        keeps_peak=horizon.keeps_peak,
        steps_per_epoch=horizon.steps_per_epoch,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{file.filename}"',
        "Stepsize-Peak": repr(file.peak),
        "Stepsize-Tuned-Total-Steps": str(file.tuned_total_steps),
        "Stepsize-Basis": file.basis,
    }
    return Response(file.content, media_type=file.media_type, headers=headers)
