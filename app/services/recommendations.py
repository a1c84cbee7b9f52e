"""The recommendation of a job, and its schedule in the formats of other frameworks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.db import Database
from app.db.queries import events, range_tests
from app.db.tables import JobRow
from app.domain.states import JobState
from app.errors import InvalidRequest, NoRecommendation
from app.services import jobs
from app.spec.resources.catalogue import ScheduleTable
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports import FORMATS
from app.tuning.exports.epochs import render_by_epoch
from app.tuning.exports.source.factor_table import learning_rates
from app.tuning.exports.source.other_horizon import Stretched, stretch

# Updates, or the steps of the job if these are more: a larger table takes hundreds of megabytes.
MAX_TOTAL_STEPS = 1_000_000
MODULE = "text/x-python"  # the media type of formats that take a comment in front


@dataclass(frozen=True, kw_only=True)
class ScheduleFile:
    """An exported schedule, with its peak, the updates that it was tuned for, and the basis of the peak."""

    content: str
    media_type: str
    filename: str
    peak: float
    tuned_total_steps: int
    basis: str


def get(db: Database, job_id: str) -> Recommendation:
    """Return the recommendation of a job. Raises JobNotFound, NoRecommendation."""
    with db.read() as session:
        row = jobs.row(session, job_id)
        body = events.recommendation(session, row.key)
        if body is None:
            raise NoRecommendation(_why_none(session, row))
        return Recommendation.model_validate(body)


def _why_none(session: Session, row: JobRow) -> str:
    """Return why the job has no recommendation, and what to do next."""
    if range_tests.find(session, row.id) is not None:
        return f"Job {row.id} is a range test and has no recommendation; see GET /v1/range-tests/{row.id}."
    hint = f" ({row.reason})" if row.reason and row.reason != row.state else ""
    state = f"Job {row.id} is {row.state}{hint} and has no recommendation"
    if JobState(row.state).final:
        return f"{state}."
    if row.state == JobState.PAUSED:
        return f"{state} yet; POST /v1/jobs/{row.id}/resume lets it go on."
    return f"{state} yet; follow GET /v1/jobs/{row.id} until its state is succeeded."


def schedule_table(
    db: Database,
    job_id: str,
    total_steps: int | None,
    *,
    keeps_peak: bool = False,
    steps_per_epoch: int | None = None,
) -> ScheduleTable:
    """Return the learning rate of every update, for any horizon.

    total_steps: None for the steps of the job. keeps_peak: as in `stretch`. steps_per_epoch: updates of an
    epoch, whose entry is the rate of its first update; None for an entry an update. Raises JobNotFound,
    NoRecommendation, NotExportable, and InvalidRequest if the horizon is too long.
    """
    stretched = _stretched(db, job_id, total_steps, keeps_peak)
    return ScheduleTable(
        total_steps=stretched.total_steps,
        learning_rate=learning_rates(stretched.recommendation, stretched.total_steps)[
            :: steps_per_epoch or 1
        ],
        peak=stretched.peak,
        tuned_total_steps=stretched.tuned_total_steps,
        basis=stretched.basis.value,
    )


def schedule_file(
    db: Database,
    job_id: str,
    total_steps: int | None,
    format: str,
    *,
    keeps_peak: bool = False,
    steps_per_epoch: int | None = None,
) -> ScheduleFile:
    """Return the schedule as a file in the given format, a key of FORMATS.

    Raises the errors of `schedule_table`.
    """
    stretched = _stretched(db, job_id, total_steps, keeps_peak)
    exporter = FORMATS[format]
    if steps_per_epoch is None:
        content = exporter.render(stretched.recommendation, stretched.total_steps)
    else:
        content = render_by_epoch(exporter, stretched.recommendation, stretched.total_steps, steps_per_epoch)
    return ScheduleFile(
        content=content if exporter.media_type != MODULE else stretched.note + content,
        media_type=exporter.media_type,
        filename=exporter.filename,
        peak=stretched.peak,
        tuned_total_steps=stretched.tuned_total_steps,
        basis=stretched.basis.value,
    )


def _stretched(db: Database, job_id: str, total_steps: int | None, keeps_peak: bool) -> Stretched:
    """Return the recommendation for a horizon. Raises InvalidRequest if the horizon is too long."""
    recommendation = get(db, job_id)
    longest = max(MAX_TOTAL_STEPS, recommendation.total_steps)
    if total_steps is not None and total_steps > longest:
        detail = (
            f"must be <= {longest}, got {total_steps}; every length in the schedule is a part of the horizon"
        )
        raise InvalidRequest(f"/query/total_steps: {detail}", [("/query/total_steps", detail)])
    return stretch(recommendation, total_steps or recommendation.total_steps, keeps_peak=keeps_peak)
