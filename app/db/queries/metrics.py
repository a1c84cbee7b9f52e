"""Queries for the metrics: sums over jobs, never over trials."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, and_, cast, func, select
from sqlalchemy.orm import Session

from app.db.tables import EventRow, JobRow

TRIAL_COUNTERS = {
    "completed": JobRow.trials_completed,
    "pruned": JobRow.trials_pruned,
    "diverged": JobRow.trials_diverged,
    "failed": JobRow.trials_failed,
    "running": JobRow.trials_running,
}


def jobs_by_state(session: Session) -> dict[str, int]:
    """Return the number of jobs in each state, without empty states."""
    query = select(JobRow.state, func.count()).group_by(JobRow.state)
    return dict(session.execute(query).all())


def trials_by_state(session: Session) -> dict[str, int]:
    """Return the number of trials in each state, summed over the counters of the jobs."""
    sums = session.execute(select(*(func.sum(column) for column in TRIAL_COUNTERS.values()))).one()
    return {state: int(total or 0) for state, total in zip(TRIAL_COUNTERS, sums, strict=True)}


def oldest_queued(session: Session) -> datetime | None:
    """Return the queue time of the job that has waited longest; a resumed job waits since its resume."""
    name = cast(JobRow.run, String) + "-queued"
    queued = and_(EventRow.job_key == JobRow.key, EventRow.kind == "state", EventRow.name == name)
    query = select(func.min(EventRow.created_at)).select_from(JobRow).join(EventRow, queued)
    return session.scalar(query.where(JobRow.state == "queued"))
