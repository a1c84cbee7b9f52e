"""Queries on the heartbeats of workers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db.tables import WorkerRow


def beat(session: Session, worker_id: str, now: datetime) -> None:
    """Store a heartbeat of the worker."""
    row = session.get(WorkerRow, worker_id)
    if row is None:
        session.add(WorkerRow(id=worker_id, started_at=now, seen_at=now))
    else:
        row.seen_at = now


def forget(session: Session, worker_id: str) -> None:
    """Remove a worker that stops."""
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))


def forget_silent(session: Session, since: datetime) -> None:
    """Remove the workers without a heartbeat since then: killed workers cannot remove themselves."""
    session.execute(delete(WorkerRow).where(WorkerRow.seen_at < since))


def heartbeats(session: Session) -> dict[str, datetime]:
    """Return the time of each worker's last heartbeat, by its own clock."""
    return dict(session.execute(select(WorkerRow.id, WorkerRow.seen_at)).all())


def seen_since(session: Session, moment: datetime) -> int:
    """Return the number of workers with a heartbeat since `moment`."""
    return session.scalar(select(func.count()).select_from(WorkerRow).where(WorkerRow.seen_at >= moment)) or 0
