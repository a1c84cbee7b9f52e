"""What the database tells of the service: jobs, trials, the queue and the workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.db.queries import metrics, workers
from app.domain.states import JobState
from app.services.health import WORKER_SILENCE


@dataclass(frozen=True)
class Snapshot:
    """Counts at one moment; every state is there, with 0 where nothing is in it."""

    jobs: dict[str, int]
    trials: dict[str, int]
    oldest_queued_s: float  # 0 where none is queued
    workers: int


def snapshot(db: Database) -> Snapshot | None:
    """The counts; None where the database does not answer."""
    now = datetime.now(UTC)
    try:
        with db.read() as session:
            jobs = metrics.jobs_by_state(session)
            trials = metrics.trials_by_state(session)
            since = metrics.oldest_queued(session)
            alive = workers.seen_since(session, now - WORKER_SILENCE)
    except SQLAlchemyError:
        return None
    return Snapshot(
        jobs={state: jobs.get(state, 0) for state in JobState},
        trials=trials,
        oldest_queued_s=0.0 if since is None else max(0.0, (now - since).total_seconds()),
        workers=alive,
    )
