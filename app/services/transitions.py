"""The state machine of a job, enforced here alone.

queued  -> running, paused, cancelled
running -> paused, succeeded, failed, cancelled
paused  -> queued, cancelled
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.db.notifications import notify
from app.db.queries import events, jobs, trials
from app.db.tables import JobRow
from app.domain.states import JobState
from app.errors import IllegalTransition
from app.services import responses

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.PAUSED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}),
    JobState.PAUSED: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def running_s(row: JobRow, now: datetime) -> float:
    """Return the seconds that a job has spent running, without its pauses."""
    if row.running_since is None:
        return row.running_s
    return row.running_s + (now - row.running_since).total_seconds()


def move(session: Session, row: JobRow, to: JobState, reason: str | None = None) -> None:
    """Set the state of a locked job, with every column that depends on it, and add the event.

    Raises IllegalTransition if the state machine has no such transition.
    """
    state = JobState(row.state)
    if to not in TRANSITIONS[state]:
        allowed = ", ".join(sorted(TRANSITIONS[state])) or "no other state"
        raise IllegalTransition(f"Job {row.id} is {state}; from there it can become {allowed}, not {to}.")
    now = datetime.now(UTC)
    row.state = to
    row.reason = reason
    if state is JobState.RUNNING:
        row.running_s, row.running_since, row.eta_s = running_s(row, now), None, None
    if to is JobState.RUNNING:
        row.running_since = now
        row.started_at = row.started_at or now
    if to is JobState.QUEUED:
        row.run += 1
    if to is JobState.PAUSED:
        trials.move(session, row.key, "running", "waiting")
    if to.final:
        row.finished_at, row.stage = now, None
        failed = trials.fail_unfinished(session, row.key, reason or str(to), now)
        events.append(session, row, "trial", {str(number): None for number in failed}, now)
    if to is JobState.SUCCEEDED:
        row.fraction = 1.0
    jobs.recount(session, row)
    body = responses.job(row).model_dump(mode="json")
    events.append(session, row, "state", {f"{row.run}-{to}": body}, now)
    if to is not JobState.RUNNING:
        notify(session)  # a job waits, or a worker has a free slot
