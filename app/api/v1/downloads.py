"""What the paths share that serve a schedule as a file: the horizon, its peak, and the answer."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import Query, Response

from app.services.recommendations import ScheduleFile
from app.spec.job import MAX_STEPS

TotalSteps: TypeAlias = Annotated[
    int | None,
    Query(
        description="updates of the run, at most 1,000,000 or those of the job, whichever is more; null for "
        "those of the job",
        ge=1,
        le=MAX_STEPS,
    ),
]
Peak: TypeAlias = Annotated[
    Literal["horizon", "tuned"],
    Query(description="`horizon`: the peak for that many updates; `tuned`: that of the job"),
]
StepsPerEpoch: TypeAlias = Annotated[
    int | None,
    Query(
        description="updates of an epoch, for a trainer that steps its schedule once an epoch: each entry "
        "is then an epoch and has the rate of its first update; null for an entry an update",
        ge=1,
        le=MAX_STEPS,
    ),
]


def as_download(file: ScheduleFile) -> Response:
    """Return a file with its name, and in headers what its peak rests on."""
    headers = {
        "Content-Disposition": f'attachment; filename="{file.filename}"',
        "Stepsize-Peak": repr(file.peak),
        "Stepsize-Tuned-Total-Steps": str(file.tuned_total_steps),
        "Stepsize-Basis": file.basis,
    }
    return Response(file.content, media_type=file.media_type, headers=headers)
