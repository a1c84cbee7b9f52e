"""Queries on events and recommendations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import EventRow, JobRow, RecommendationRow

FIRST_ID = 1  # the id of a job's first event


def append(session: Session, job: JobRow, kind: str, names: dict[str, Any], now: datetime) -> None:
    """Add an event for each name that has no event of this kind yet.

    names: from the name of each event to its body, or None. The caller holds a lock on the job's row, so that
    the ids count up without a gap or a clash.
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
    """Add the first event of a new job, whose `last_event` counts it already."""
    session.add(EventRow(job_key=job.key, id=FIRST_ID, kind=kind, name=name, data=data, created_at=now))


def after(session: Session, job_key: int, event_id: int, limit: int) -> list[EventRow]:
    """Return at most `limit` events with a higher id than `event_id`, in order."""
    query = select(EventRow).where(EventRow.job_key == job_key, EventRow.id > event_id)
    return list(session.scalars(query.order_by(EventRow.id).limit(limit)))


def last_time(session: Session, job_key: int, kind: str) -> datetime | None:
    """Return the time of the newest event of this kind."""
    query = select(EventRow.created_at).where(EventRow.job_key == job_key, EventRow.kind == kind)
    return session.scalar(query.order_by(EventRow.id.desc()).limit(1))


def store_recommendation(session: Session, job_key: int, body: dict[str, Any], now: datetime) -> None:
    """Store the recommendation of a job, in place of an older one."""
    session.merge(RecommendationRow(job_key=job_key, body=body, created_at=now))


def recommendation(session: Session, job_key: int) -> dict[str, Any] | None:
    """Return the recommendation of a job."""
    return session.scalar(select(RecommendationRow.body).where(RecommendationRow.job_key == job_key))
