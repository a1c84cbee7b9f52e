"""Queries on replays: the queue of trials to run again, and their results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.db.tables import ReplayRow


def find(session: Session, job_key: int, number: int, *, lock: bool = False) -> ReplayRow | None:
    """Return the replay of a trial.

    lock: as in `app.db.queries.jobs.find`.
    """
    query = select(ReplayRow).where(ReplayRow.job_key == job_key, ReplayRow.number == number)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def any_waiting(session: Session, now: datetime) -> bool:
    """Return whether any replay is queued, or runs under an expired lease."""
    return session.scalar(_waiting(now).with_only_columns(ReplayRow.job_key).limit(1)) is not None


def claim(session: Session, now: datetime) -> ReplayRow | None:
    """Return the oldest waiting replay, locked; skip replays that another worker has locked."""
    query = _waiting(now).order_by(ReplayRow.created_at, ReplayRow.job_key, ReplayRow.number).limit(1)
    return session.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def release(session: Session, now: datetime) -> None:
    """End every lease."""
    session.execute(update(ReplayRow).where(ReplayRow.state == "running").values(leased_until=now))


def change(session: Session, job_key: int, number: int, attempt: int, **columns: Any) -> bool:
    """Write columns into a replay that runs under the given attempt. Return whether it still does."""
    # Any: values of the columns' types.
    result = session.connection().execute(
        update(ReplayRow)
        .where(
            ReplayRow.job_key == job_key,
            ReplayRow.number == number,
            ReplayRow.attempt == attempt,
            ReplayRow.state == "running",
        )
        .values(**columns)
    )
    return result.rowcount == 1


def _waiting(now: datetime) -> Any:
    # Any: SQLAlchemy's select of a row, whose columns are replaced above.
    expired = and_(ReplayRow.state == "running", ReplayRow.leased_until <= now)
    return select(ReplayRow).where(or_(ReplayRow.state == "queued", expired))
