"""Queries on events and recommendations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import EventRow, JobRow, RecommendationRow

FIRST = 1  # the id of a job's first event


def append(session: Session, job: JobRow, kind: str, names: dict[str, Any], now: datetime) -> None:
    """Adds an event for each name (to its body, or None) that has none of that kind yet.

    The caller holds the job's row, so that the ids count up without a gap or a clash.
    """
    known = set(
        session.scalars(
            select(EventRow.name).where(
                EventRow.job_key == job.key, EventRow.kind == kind, EventRow.name.in_(list(names))
            )
        )
    )
    for name, data in names.items():
        if name not in known:
            job.last_event += 1
            session.add(
                EventRow(job_key=job.key, id=job.last_event, kind=kind, name=name, data=data, created_at=now)
            )


def begin(session: Session, job: JobRow, kind: str, name: str, data: dict[str, Any], now: datetime) -> None:
    """Adds the first event of a new job, whose row counts it already."""
    session.add(EventRow(job_key=job.key, id=FIRST, kind=kind, name=name, data=data, created_at=now))


def after(session: Session, job_key: int, event_id: int, limit: int) -> list[EventRow]:
    """At most `limit` events with a higher id, in order."""
    query = select(EventRow).where(EventRow.job_key == job_key, EventRow.id > event_id)
    return list(session.scalars(query.order_by(EventRow.id).limit(limit)))


def last_time(session: Session, job_key: int, kind: str) -> datetime | None:
    """When the newest event of that kind was added."""
    query = select(EventRow.created_at).where(EventRow.job_key == job_key, EventRow.kind == kind)
    return session.scalar(query.order_by(EventRow.id.desc()).limit(1))


def store_recommendation(session: Session, job_key: int, body: dict[str, Any], now: datetime) -> None:
    """Stores the answer of a job, in place of an older one."""
    session.merge(RecommendationRow(job_key=job_key, body=body, created_at=now))


def recommendation(session: Session, job_key: int) -> dict[str, Any] | None:
    """The answer of a job."""
    return session.scalar(select(RecommendationRow.body).where(RecommendationRow.job_key == job_key))
