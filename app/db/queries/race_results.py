"""Queries on the results of heats."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import HeatRow


def find(session: Session, job_key: int, number: int, digest: str) -> bytes | None:
    """The result of a heat, where that one was stored."""
    query = select(HeatRow.data).where(
        HeatRow.job_key == job_key, HeatRow.number == number, HeatRow.digest == digest
    )
    return session.scalar(query)


def store(session: Session, job_key: int, number: int, digest: str, data: bytes) -> None:
    """Stores the result of a heat, in place of that of another one."""
    session.merge(HeatRow(job_key=job_key, number=number, digest=digest, data=data))
