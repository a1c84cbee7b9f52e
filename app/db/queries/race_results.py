"""Queries on the results of evaluation requests."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import RaceResultRow


def find(session: Session, job_key: int, number: int, digest: str) -> bytes | None:
    """Return the stored result of a request, or None if that number has no result or another digest."""
    query = select(RaceResultRow.data).where(
        RaceResultRow.job_key == job_key, RaceResultRow.number == number, RaceResultRow.digest == digest
    )
    return session.scalar(query)


def store(session: Session, job_key: int, number: int, digest: str, data: bytes) -> None:
    """Store the result of a request, in place of an older one of the same number."""
    session.merge(RaceResultRow(job_key=job_key, number=number, digest=digest, data=data))
