"""The counts in the database for the metrics: jobs, trials, the queue and the workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.db.queries import metrics, workers
from app.domain.states import JobState


@dataclass(frozen=True)
class Snapshot:
    """Counts at one moment, with 0 for a state without jobs or trials."""

    jobs: dict[str, int]
    trials: dict[str, int]
    oldest_queued_s: float  # 0 if no job is queued
    workers: int


def snapshot(db: Database, silence_s: float) -> Snapshot | None:
    """Return the counts, or None if the database does not answer.

    silence_s: seconds without a heartbeat after which a worker is not counted.
    """
    now = datetime.now(UTC)
    try:
        with db.read() as session:
            jobs = metrics.jobs_by_state(session)
            trials = metrics.trials_by_state(session)
            since = metrics.oldest_queued(session)
            alive = workers.seen_since(session, now - timedelta(seconds=silence_s))
    except SQLAlchemyError:
        return None
    return Snapshot(
        jobs={state: jobs.get(state, 0) for state in JobState},
        trials=trials,
        oldest_queued_s=0.0 if since is None else max(0.0, (now - since).total_seconds()),
        workers=alive,
    )
