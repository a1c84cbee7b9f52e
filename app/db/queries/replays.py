"""Queries on replays: the queue of trials to run again, and what came out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.db.tables import ReplayRow


def find(session: Session, job_key: int, number: int, *, lock: bool = False) -> ReplayRow | None:
    """The replay of that trial. lock: as in `app.db.queries.jobs.find`."""
    query = select(ReplayRow).where(ReplayRow.job_key == job_key, ReplayRow.number == number)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def any_waiting(session: Session, now: datetime) -> bool:
    """Whether some replay is queued, or was left by a worker that is gone."""
    return session.scalar(_waiting(now).with_only_columns(ReplayRow.job_key).limit(1)) is not None


def claim(session: Session, now: datetime) -> ReplayRow | None:
    """The oldest such replay, locked; none that another worker has locked."""
    query = _waiting(now).order_by(ReplayRow.created_at, ReplayRow.job_key, ReplayRow.number).limit(1)
    return session.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def release(session: Session, now: datetime) -> None:
    """Ends every lease."""
    session.execute(update(ReplayRow).where(ReplayRow.state == "running").values(leased_until=now))


def change(session: Session, job_key: int, number: int, attempt: int, **columns: Any) -> bool:
    """Writes columns into a replay that runs under that attempt; whether there is still one."""
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
    left = and_(ReplayRow.state == "running", ReplayRow.leased_until <= now)
    return select(ReplayRow).where(or_(ReplayRow.state == "queued", left))
