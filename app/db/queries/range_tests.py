"""Queries on range tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db.tables import JobRow, RangeTestRow


def insert(session: Session, job_key: int, spec: dict[str, Any]) -> None:
    """Marks a new job as a range test."""
    session.add(RangeTestRow(job_key=job_key, spec=spec))


def find(session: Session, job_id: str) -> tuple[JobRow, RangeTestRow] | None:
    """The job of that id, if it is a range test, with its spec and result."""
    query = select(JobRow, RangeTestRow).join(RangeTestRow, RangeTestRow.job_key == JobRow.key)
    found = session.execute(query.where(JobRow.id == job_id)).one_or_none()
    return None if found is None else (found[0], found[1])


def store_result(session: Session, job_key: int, result: dict[str, Any]) -> None:
    """Stores what came out."""
    session.execute(update(RangeTestRow).where(RangeTestRow.job_key == job_key).values(result=result))
