"""Queries on what jobs learn from others."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import WarmStartRow


def insert(session: Session, job_key: int, data: bytes) -> None:
    """Stores what a new job learns from."""
    session.add(WarmStartRow(job_key=job_key, data=data))


def find(session: Session, job_key: int) -> bytes | None:
    """What a job learns from; None where it names no others."""
    return session.scalar(select(WarmStartRow.data).where(WarmStartRow.job_key == job_key))
