"""Queries on range tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db.tables import JobRow, RangeTestRow


def insert(session: Session, job_key: int, spec: dict[str, Any]) -> None:
    """Mark a new job as a range test."""
    session.add(RangeTestRow(job_key=job_key, spec=spec))


def find(session: Session, job_id: str) -> tuple[JobRow, RangeTestRow] | None:
    """Return the job of this id with its spec and result, or None if it is no range test."""
    query = select(JobRow, RangeTestRow).join(RangeTestRow, RangeTestRow.job_key == JobRow.key)
    row = session.execute(query.where(JobRow.id == job_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def store_result(session: Session, job_key: int, result: dict[str, Any]) -> None:
    """Store the result of a range test."""
    session.execute(update(RangeTestRow).where(RangeTestRow.job_key == job_key).values(result=result))
