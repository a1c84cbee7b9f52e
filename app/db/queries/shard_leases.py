"""Queries on offers: the shards of wide batches that wait for any worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from app.db.tables import JobRow, OfferRow


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores the offers of a batch."""
    session.execute(insert(OfferRow), list(rows))


def remove(session: Session, batch: str) -> None:
    """Takes back all of a batch, whoever works on it."""
    session.execute(delete(OfferRow).where(OfferRow.batch == batch))


def remove_others(session: Session, job_key: int, batch: str) -> None:
    """Removes the offers of a job but for those of that batch."""
    session.execute(delete(OfferRow).where(OfferRow.job_key == job_key, OfferRow.batch != batch))


def take(session: Session, now: datetime, batch: str | None) -> tuple[OfferRow, JobRow] | None:
    """The next offer, locked, with its job; none that another worker has locked.

    batch: of that batch, or of any job that runs, by priority, then age.
    """
    free = or_(OfferRow.state == "offered", and_(OfferRow.state == "taken", OfferRow.leased_until <= now))
    query = select(OfferRow, JobRow).join(JobRow, JobRow.key == OfferRow.job_key).where(free)
    query = query.where(JobRow.run == OfferRow.run, JobRow.state == "running")
    if batch is not None:
        query = query.where(OfferRow.batch == batch).order_by(OfferRow.place)
    else:
        query = query.order_by(JobRow.priority.desc(), JobRow.key, OfferRow.batch, OfferRow.place)
    found = session.execute(query.limit(1).with_for_update(skip_locked=True, of=OfferRow)).one_or_none()
    return None if found is None else (found[0], found[1])


def change(session: Session, batch: str, place: int, attempt: int, **columns: Any) -> bool:
    """Writes columns into an offer that is taken under that attempt; whether there is still one."""
    # Any: values of the columns' types.
    mine = and_(
        OfferRow.batch == batch,
        OfferRow.place == place,
        OfferRow.attempt == attempt,
        OfferRow.state == "taken",
    )
    return session.connection().execute(update(OfferRow).where(mine).values(**columns)).rowcount == 1


def delivered(session: Session, batch: str) -> list[tuple[int, bytes | None, str | None]]:
    """(place, results, why they are lost) of what others have evaluated of a batch."""
    done = and_(OfferRow.batch == batch, OfferRow.state == "done")
    query = select(OfferRow.place, OfferRow.results, OfferRow.lost).where(done).order_by(OfferRow.place)
    return [(place, results, lost) for place, results, lost in session.execute(query)]


def collect(session: Session, batch: str, places: Sequence[int]) -> None:
    """Removes what was delivered and read."""
    session.execute(delete(OfferRow).where(OfferRow.batch == batch, OfferRow.place.in_(places)))
