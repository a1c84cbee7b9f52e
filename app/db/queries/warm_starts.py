"""Queries on the trials that jobs learn from other jobs."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import WarmStartRow


def insert(session: Session, job_key: int, data: bytes) -> None:
    """Store the trials that a new job learns from, encoded."""
    session.add(WarmStartRow(job_key=job_key, data=data))


def find(session: Session, job_key: int) -> bytes | None:
    """Return the trials that a job learns from, encoded; None if it has no `from_jobs`."""
    return session.scalar(select(WarmStartRow.data).where(WarmStartRow.job_key == job_key))
