"""The submission, the state and the control of jobs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.db import Database
from app.db.notifications import notify
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
from app.spec.resources.estimates import Estimate
from app.tuning.planning.plan import Plan, spec_faults

SUBMIT_ATTEMPTS = 5  # an attempt fails only if another request stored or deleted the same key meanwhile


StoreMore = Callable[[Session, JobRow], None]


def submit(
    db: Database,
    settings: Settings,
    spec: JobSpec,
    idempotency_key: str | None = None,
    store_more: StoreMore | None = None,
) -> Job:
    """Store a job in state queued and return it; a worker takes it from the table.

    If the key has a job already, and its spec is equal, return that job. store_more: called for a new job in
    the same transaction, to store rows that belong to it.

    Raises QuotaExceeded if the job is larger than allowed, and IdempotencyKeyReused if the specs differ.
    Raises InvalidRequest if its sampler cannot search its space, or its `start` or `enqueue` does not fit.
    """
    for _ in range(SUBMIT_ATTEMPTS):
        first = None if idempotency_key is None else _first(db, idempotency_key, spec)
        if first is not None:
            return first
        plan = _plan(spec)
        _check_quota(settings, plan)
        try:
            return _store(db, plan, idempotency_key, store_more)
        except table.KeyTaken:
            continue  # a concurrent request stored the first job of the key
    raise Conflict(f"Jobs of the key {idempotency_key} come and go at this very moment; try again.")


def estimate(spec: JobSpec) -> Estimate:
    """Return what a job would cost; store nothing, and ask no quota. Raises InvalidRequest."""
    return _plan(spec).estimate


def _plan(spec: JobSpec) -> Plan:
    """Plan a job. Raises InvalidRequest if its sampler or its `enqueue` does not fit its search space."""
    if faults := spec_faults(spec):
        raise InvalidRequest(": ".join(faults[0]), errors=faults)
    return Plan.of(spec)


def _first(db: Database, key: str, spec: JobSpec) -> Job | None:
    """Return the job that was submitted under the key, if any. Raises IdempotencyKeyReused."""
    with db.read() as session:
        row = table.by_idempotency_key(session, DEFAULT_TENANT, key)
        if row is None:
            return None
        # Parsed again: PostgreSQL returns 1e23 as an integer, which differs from the float.
        if JobSpec.model_validate(row.spec) != spec:
            raise IdempotencyKeyReused(
                f"Job {row.id} was submitted under the key {key} with another spec; take a new key, "
                f"or send the spec that GET /v1/jobs/{row.id} shows."
            )
        return responses.job(row)


def _store(db: Database, plan: Plan, idempotency_key: str | None, store_more: StoreMore | None) -> Job:
    """Store a new job. Raises KeyTaken."""
    spec, now = plan.spec, datetime.now(UTC)
    with db.write() as session:
        row = JobRow(
            id=f"job_{secrets.token_hex(10)}",
            tenant=DEFAULT_TENANT,
            idempotency_key=idempotency_key,
            name=spec.name,
            state=JobState.QUEUED,
            spec=spec.model_dump(mode="json"),
            estimate=plan.estimate.model_dump(mode="json"),
            priority=spec.priority,
            trials_total=spec.budget.trials,
            last_event=events.FIRST_ID,
            created_at=now,
        )
        table.insert(session, row)
        warm_starts.copy(session, row, spec)
        if store_more is not None:
            store_more(session, row)
        job = responses.job(row)
        events.begin(session, row, "state", f"{row.run}-queued", job.model_dump(mode="json"), now)
        notify(session)
        return job


def get(db: Database, job_id: str) -> Job:
    """Return a job. Raises JobNotFound."""
    with db.read() as session:
        return responses.job(row(session, job_id))


def list_jobs(
    db: Database, *, state: JobState | None, name: str | None, limit: int, page_token: str | None
) -> Page[Job]:
    """Return a page of the jobs, newest first. Raises InvalidPageToken."""
    belongs_to = {"list": "jobs", "state": state, "name": name}
    start = paging.position(belongs_to, page_token, (int,))
    before = start[0] if start else None
    with db.read() as session:
        rows = table.page(session, state=state, name=name, before=before, limit=limit + 1)
        items = [responses.job(listed) for listed in rows[:limit]]
    more = len(rows) > limit
    return Page(
        items=items, next_page_token=paging.token(belongs_to, [rows[limit - 1].key]) if more else None
    )


def cancel(db: Database, job_id: str) -> Job:
    """Cancel a job; its unfinished trials fail. Raises JobNotFound, IllegalTransition."""
    return _move(db, job_id, JobState.CANCELLED, "cancelled")


def pause(db: Database, job_id: str) -> Job:
    """Pause a job; its finished trials stay. Raises JobNotFound, IllegalTransition."""
    return _move(db, job_id, JobState.PAUSED, "paused")


def resume(db: Database, job_id: str) -> Job:
    """Queue a paused job again. Raises JobNotFound, IllegalTransition."""
    return _move(db, job_id, JobState.QUEUED, None)


def delete(db: Database, job_id: str) -> None:
    """Delete an ended job and all that it stored. Raises JobNotFound, JobNotFinished."""
    with db.write() as session:
        job = row(session, job_id, lock=True)
        if not JobState(job.state).final:
            raise JobNotFinished(f"Job {job_id} is {job.state}; cancel it before deleting it.")
        table.remove(session, job.key)


def row(session: Session, job_id: str, *, lock: bool = False) -> JobRow:
    """Return the row of a job. Raises JobNotFound."""
    # No id contains a NUL, and PostgreSQL refuses it as a parameter.
    job = None if "\0" in job_id else table.find(session, job_id, lock=lock)
    if job is None:
        raise _not_found(job_id)
    return job


def position(session: Session, job_id: str) -> tuple[int, str, int]:
    """Return the key, the state and the last event of a job. Raises JobNotFound."""
    columns = None if "\0" in job_id else table.position(session, job_id)
    if columns is None:
        raise _not_found(job_id)
    return columns


def _not_found(job_id: str) -> JobNotFound:
    return JobNotFound(f"There is no job {job_id!r}; GET /v1/jobs lists those there are.")


def _move(db: Database, job_id: str, to: JobState, reason: str | None) -> Job:
    with db.write() as session:
        job = row(session, job_id, lock=True)
        # A repeated verb is no error: the client may not have seen the first answer. A resumed job that
        # already runs has passed the state that resume leads to.
        resumed = to is JobState.QUEUED and job.state == JobState.RUNNING and job.run > 1
        if job.state != to and not resumed:
            transitions.move(session, job, to, reason)
        return responses.job(job)


def _check_quota(settings: Settings, plan: Plan) -> None:
    """Refuse a job that is larger than the server allows. Raises QuotaExceeded."""
    budget = plan.spec.budget
    for pointer, name, value, limit in (
        ("/budget/trials", "trials", budget.trials, settings.max_trials),
        ("/budget/steps", "steps", budget.steps, settings.max_steps),
        ("/budget", "the updates of search and race together", plan.max_updates, settings.max_updates),
    ):
        if value > limit:
            detail = f"{name} must be <= {limit:,} on this server, got {value:,}; lower it."
            raise QuotaExceeded(detail, errors=[(pointer, detail)])
    if too_large := plan.memory_faults:
        raise QuotaExceeded(too_large[0][1], errors=list(too_large))
