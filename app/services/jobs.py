"""Submitting jobs, looking at them, and controlling them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.db import Database
from app.db.notifications import ring
from app.db.queries import events
from app.db.queries import jobs as table
from app.db.tables import DEFAULT_TENANT, JobRow
from app.domain.states import JobState
from app.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidRequest,
    JobNotFinished,
    JobNotFound,
    QuotaExceeded,
)
from app.services import paging, responses, transitions, warm_starts
from app.settings import Settings
from app.spec.job import JobSpec
from app.spec.resources.answers import Job, Page
from app.tuning.recommendation.budget import check_size, job_updates
from app.tuning.search.suitability import check_suitable
from app.tuning.space.enqueue import check_enqueued

SUBMIT_ATTEMPTS = 5  # each fails only where another request stored, or deleted, the same key meanwhile


Along = Callable[[Session, JobRow], None]


def submit(
    db: Database,
    settings: Settings,
    spec: JobSpec,
    idempotency_key: str | None = None,
    along: Along | None = None,
) -> Job:
    """Stores a job; a worker finds it there.

    Under a key that has a job already, gives that one if its spec is equal. along: stores what belongs to a
    new job, in the same transaction.
    Raises QuotaExceeded where the job is larger than allowed, IdempotencyKeyReused where the specs differ,
    InvalidRequest where its sampler cannot search its space, or what it starts from does not fit it.
    """
    for _ in range(SUBMIT_ATTEMPTS):
        first = None if idempotency_key is None else _first(db, idempotency_key, spec)
        if first is not None:
            return first
        if unsearchable := check_suitable(spec):
            raise InvalidRequest(": ".join(unsearchable[0]), errors=unsearchable)
        _check_quota(settings, spec)
        if unfit := check_enqueued(spec):
            raise InvalidRequest(": ".join(unfit[0]), errors=unfit)
        try:
            return _store(db, spec, idempotency_key, along)
        except table.KeyTaken:
            continue  # by a request at the same moment: its job is the first one
    raise Conflict(f"Jobs of the key {idempotency_key} come and go at this very moment; try again.")


def _first(db: Database, key: str, spec: JobSpec) -> Job | None:
    """The job that was submitted under that key. Raises IdempotencyKeyReused."""
    with db.read() as session:
        row = table.by_idempotency_key(session, DEFAULT_TENANT, key)
        if row is None:
            return None
        # Parsed again: PostgreSQL gives back 1e23 as an integer, which is not quite that number.
        if JobSpec.model_validate(row.spec) != spec:
            raise IdempotencyKeyReused(
                f"Job {row.id} was submitted under the key {key} with another spec; take a new key, "
                f"or send the spec that GET /v1/jobs/{row.id} shows."
            )
        return responses.job(row)


def _store(db: Database, spec: JobSpec, idempotency_key: str | None, along: Along | None) -> Job:
    """Stores a new job. Raises KeyTaken."""
    now = datetime.now(UTC)
    with db.write() as session:
        row = JobRow(
            id=f"job_{secrets.token_hex(10)}",
            tenant=DEFAULT_TENANT,
            idempotency_key=idempotency_key,
            name=spec.name,
            state=JobState.QUEUED,
            spec=spec.model_dump(mode="json"),
            priority=spec.priority,
            trials_total=spec.budget.trials,
            last_event=events.FIRST,
            created_at=now,
        )
        table.insert(session, row)
        warm_starts.copy(session, row, spec)
        if along is not None:
            along(session, row)
        job = responses.job(row)
        events.begin(session, row, "state", f"{row.run}-queued", job.model_dump(mode="json"), now)
        ring(session)
        return job


def get(db: Database, job_id: str) -> Job:
    """One job. Raises JobNotFound."""
    with db.read() as session:
        return responses.job(row(session, job_id))


def list_jobs(
    db: Database, *, state: JobState | None, name: str | None, limit: int, page_token: str | None
) -> Page[Job]:
    """A page of the jobs, newest first. Raises InvalidPageToken."""
    belongs_to = {"list": "jobs", "state": state, "name": name}
    start = paging.position(belongs_to, page_token, (int,))
    before = start[0] if start else None
    with db.read() as session:
        rows = table.page(session, state=state, name=name, before=before, limit=limit + 1)
        items = [responses.job(found) for found in rows[:limit]]
    more = len(rows) > limit
    return Page(
        items=items, next_page_token=paging.token(belongs_to, [rows[limit - 1].key]) if more else None
    )


def cancel(db: Database, job_id: str) -> Job:
    """Ends a job for good; its unfinished trials fail. Raises JobNotFound, IllegalTransition."""
    return _move(db, job_id, JobState.CANCELLED, "cancelled")


def pause(db: Database, job_id: str) -> Job:
    """Stops a job for a while; finished trials stay. Raises JobNotFound, IllegalTransition."""
    return _move(db, job_id, JobState.PAUSED, "paused")


def resume(db: Database, job_id: str) -> Job:
    """Queues a paused job again. Raises JobNotFound, IllegalTransition."""
    return _move(db, job_id, JobState.QUEUED, None)


def delete(db: Database, job_id: str) -> None:
    """Removes an ended job and all that it stored. Raises JobNotFound, JobNotFinished."""
    with db.write() as session:
        found = row(session, job_id, lock=True)
        if not JobState(found.state).final:
            raise JobNotFinished(f"Job {job_id} is {found.state}; cancel it before deleting it.")
        table.remove(session, found.key)


def row(session: Session, job_id: str, *, lock: bool = False) -> JobRow:
    """The job's row. Raises JobNotFound."""
    # A NUL never stands in an id, and PostgreSQL would not take it as a parameter.
    found = None if "\0" in job_id else table.find(session, job_id, lock=lock)
    if found is None:
        raise _not_found(job_id)
    return found


def position(session: Session, job_id: str) -> tuple[int, str, int]:
    """The job's key, state and last event. Raises JobNotFound."""
    found = None if "\0" in job_id else table.position(session, job_id)
    if found is None:
        raise _not_found(job_id)
    return found


def _not_found(job_id: str) -> JobNotFound:
    return JobNotFound(f"There is no job {job_id!r}; GET /v1/jobs lists those there are.")


def _move(db: Database, job_id: str, to: JobState, reason: str | None) -> Job:
    with db.write() as session:
        found = row(session, job_id, lock=True)
        # Repeating a verb in its own end state is no error: the client may not have seen the answer.
        # A resumed job that already runs again has gone through its end state.
        resumed = to is JobState.QUEUED and found.state == JobState.RUNNING and found.run > 1
        if found.state != to and not resumed:
            transitions.move(session, found, to, reason)
        return responses.job(found)


def _check_quota(settings: Settings, spec: JobSpec) -> None:
    budget = spec.budget
    for pointer, name, value, limit in (
        ("/budget/trials", "trials", budget.trials, settings.max_trials),
        ("/budget/steps", "steps", budget.steps, settings.max_steps),
        ("/budget", "the updates of search and race together", job_updates(spec), settings.max_updates),
    ):
        if value > limit:
            detail = f"{name} must be <= {limit:,} on this server, got {value:,}; lower it."
            raise QuotaExceeded(detail, errors=[(pointer, detail)])
    if too_large := check_size(spec):
        raise QuotaExceeded(too_large[0][1], errors=too_large)
