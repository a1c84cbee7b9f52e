"""Queries on jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.tables import NOT_ENQUEUED, JobRow, TrialRow


class KeyTaken(Exception):
    """Another job of the tenant has this idempotency key."""


def insert(session: Session, row: JobRow) -> None:
    """Store a new job and set its `key`. Raises KeyTaken, which ends the transaction."""
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        if row.idempotency_key is None:  # the id is random: nothing else can clash
            raise
        raise KeyTaken(row.idempotency_key) from error


def by_idempotency_key(session: Session, tenant: str, key: str) -> JobRow | None:
    """Return the tenant's job that was submitted under the key."""
    query = select(JobRow).where(JobRow.tenant == tenant, JobRow.idempotency_key == key)
    return session.scalars(query).one_or_none()


def find(session: Session, job_id: str, *, lock: bool = False) -> JobRow | None:
    """Return the job of this id.

    lock: lock the row until the transaction ends. On SQLite a write transaction locks the whole file.
    """
    query = select(JobRow).where(JobRow.id == job_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def position(session: Session, job_id: str) -> tuple[int, str, int] | None:
    """Return key, state and last event of the job of this id, without the rest of its row."""
    query = select(JobRow.key, JobRow.state, JobRow.last_event).where(JobRow.id == job_id)
    row = session.execute(query).one_or_none()
    return None if row is None else (row.key, row.state, row.last_event)


def page(
    session: Session, *, state: str | None, name: str | None, before: int | None, limit: int
) -> list[JobRow]:
    """Return at most `limit` jobs with a key below `before`, newest first."""
    query = select(JobRow).order_by(JobRow.key.desc()).limit(limit)
    if state is not None:
        query = query.where(JobRow.state == state)
    if name is not None:
        query = query.where(JobRow.name == name)
    if before is not None:
        query = query.where(JobRow.key < before)
    return list(session.scalars(query))


def remove(session: Session, key: int) -> None:
    """Delete a job and, by cascade, all that it stored."""
    session.execute(delete(JobRow).where(JobRow.key == key))


def ended_before(session: Session, moment: datetime, limit: int) -> list[JobRow]:
    """Return jobs that ended before `moment`, oldest first, locked; skip jobs that others locked."""
    query = select(JobRow).where(JobRow.finished_at < moment).order_by(JobRow.key)
    return list(session.scalars(query.limit(limit).with_for_update(skip_locked=True)))


def count_ended_before(session: Session, moment: datetime) -> tuple[int, int]:
    """Return the number of jobs that ended before `moment`, and the number of their trials."""
    counts = select(func.count(), func.coalesce(func.sum(JobRow.trials_total), 0))
    jobs, trials = session.execute(counts.where(JobRow.finished_at < moment)).one()
    return int(jobs), int(trials)


def unfinished(session: Session, limit: int) -> list[JobRow]:
    """Return queued and running jobs whose present run has a workflow, oldest first."""
    query = select(JobRow).where(JobRow.state.in_(("queued", "running")), JobRow.enqueued_run == JobRow.run)
    return list(session.scalars(query.order_by(JobRow.key).limit(limit)))


def any_waiting(session: Session) -> bool:
    """Return whether the present run of any job has no workflow."""
    return session.scalar(select(JobRow.key).where(text(NOT_ENQUEUED)).limit(1)) is not None


def claim_waiting(session: Session, limit: int) -> list[JobRow]:
    """Return jobs whose present run has no workflow, by priority, then age, locked; skip locked jobs."""
    query = select(JobRow).where(text(NOT_ENQUEUED)).order_by(JobRow.priority.desc(), JobRow.key)
    return list(session.scalars(query.limit(limit).with_for_update(skip_locked=True)))


def states(session: Session, ids: list[str]) -> dict[str, tuple[str, int]]:
    """Return state and run number of each job by id, without deleted jobs."""
    query = select(JobRow.id, JobRow.state, JobRow.run).where(JobRow.id.in_(ids))
    return {job_id: (state, run_number) for job_id, state, run_number in session.execute(query)}


def recount(session: Session, row: JobRow) -> None:
    """Set the job's counters and best trial from its trials; a repeated call changes nothing."""
    count = select(TrialRow.state, func.count()).where(TrialRow.job_key == row.key).group_by(TrialRow.state)
    counts: dict[str, int] = dict(session.execute(count).all())
    row.trials_completed = counts.get("completed", 0)
    row.trials_pruned = counts.get("pruned", 0)
    row.trials_diverged = counts.get("diverged", 0)
    row.trials_failed = counts.get("failed", 0)
    row.trials_running = counts.get("running", 0)
    lowest = (
        select(TrialRow.number, TrialRow.value)
        .where(TrialRow.job_key == row.key, TrialRow.state == "completed")
        .order_by(TrialRow.value, TrialRow.number)
        .limit(1)
    )
    best: Any = session.execute(lowest).one_or_none()
    if best is not None:
        row.best_number, row.best_value = best
