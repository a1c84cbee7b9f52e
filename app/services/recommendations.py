"""The recommendation of a job, and its schedule in the formats of other frameworks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.db import Database, events, range_tests
from app.db.tables import JobRow
from app.errors import InvalidRequest, NoRecommendation
from app.services import jobs
from app.spec.answers import JobState
from app.spec.recommendation import Recommendation
from app.tuning.exports import FORMATS
from app.tuning.exports.table import learning_rates

MAX_TOTAL_STEPS = 1_000_000  # a table of more is hundreds of megabytes in memory


@dataclass(frozen=True)
class ScheduleFile:
    """An exported schedule."""

    content: str
    media_type: str
    filename: str


def get(db: Database, job_id: str) -> Recommendation:
    """The recommendation. Raises JobNotFound, NoRecommendation."""
    with db.read() as session:
        row = jobs.row(session, job_id)
        body = events.recommendation(session, row.key)
        if body is None:
            raise NoRecommendation(_why_none(session, row))
        return Recommendation.model_validate(body)


def _why_none(session: Session, row: JobRow) -> str:
    """What the job is instead, and where to look."""
    if range_tests.find(session, row.id) is not None:
        return f"Job {row.id} is a range test and has no recommendation; see GET /v1/range-tests/{row.id}."
    hint = f" ({row.reason})" if row.reason and row.reason != row.state else ""
    found = f"Job {row.id} is {row.state}{hint} and has no recommendation"
    if JobState(row.state).final:
        return f"{found}."
    if row.state == JobState.PAUSED:
        return f"{found} yet; POST /v1/jobs/{row.id}/resume lets it go on."
    return f"{found} yet; follow GET /v1/jobs/{row.id} until its state is succeeded."


def schedule_table(db: Database, job_id: str, total_steps: int | None) -> list[float]:
    """The learning rate of every update, for any horizon.

    Raises JobNotFound, NoRecommendation, and InvalidRequest where that of the job is too long.
    """
    recommendation = get(db, job_id)
    return learning_rates(recommendation, _horizon(recommendation, total_steps))


def schedule_file(db: Database, job_id: str, total_steps: int | None, format: str) -> ScheduleFile:
    """The schedule as a file of that format, a key of FORMATS.

    Raises NotExportable, and whatever `schedule_table` does.
    """
    recommendation = get(db, job_id)
    chosen = FORMATS[format]
    content = chosen.render(recommendation, _horizon(recommendation, total_steps))
    return ScheduleFile(content, chosen.media_type, chosen.filename)


def _horizon(recommendation: Recommendation, total_steps: int | None) -> int:
    """The updates of the table: those asked for, else those of the job."""
    if total_steps is None and recommendation.total_steps > MAX_TOTAL_STEPS:
        detail = (
            f"must be given, at most {MAX_TOTAL_STEPS}, for a job of {recommendation.total_steps} steps: "
            "lengths are parts of the horizon, so scale the updates of the run to it"
        )
        raise InvalidRequest(f"/query/total_steps: {detail}", [("/query/total_steps", detail)])
    return total_steps or recommendation.total_steps
