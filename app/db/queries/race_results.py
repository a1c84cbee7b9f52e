"""Queries on the results of requests."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import RaceResultRow


def find(session: Session, job_key: int, number: int, digest: str) -> bytes | None:
    """The result of a request, where that one was stored."""
    query = select(RaceResultRow.data).where(
        RaceResultRow.job_key == job_key, RaceResultRow.number == number, RaceResultRow.digest == digest
    )
    return session.scalar(query)


def store(session: Session, job_key: int, number: int, digest: str, data: bytes) -> None:
    """Stores the result of a request, in place of that of another one."""
    session.merge(RaceResultRow(job_key=job_key, number=number, digest=digest, data=data))
