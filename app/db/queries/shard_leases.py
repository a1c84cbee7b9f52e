"""Queries on the shards of wide batches, which any worker may lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from app.db.tables import JobRow, ShardLeaseRow


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the shards of a batch."""
    session.execute(insert(ShardLeaseRow), list(rows))


def remove(session: Session, batch: str) -> None:
    """Remove all shards of a batch, leased or not."""
    session.execute(delete(ShardLeaseRow).where(ShardLeaseRow.batch == batch))


def remove_others(session: Session, job_key: int, batch: str) -> None:
    """Remove the shards of a job that belong to another batch than the given one."""
    session.execute(
        delete(ShardLeaseRow).where(ShardLeaseRow.job_key == job_key, ShardLeaseRow.batch != batch)
    )


def next_waiting(session: Session, now: datetime, batch: str | None) -> tuple[ShardLeaseRow, JobRow] | None:
    """Return the next shard without a valid lease, locked, with its job; skip shards that others locked.

    batch: look in this batch only; None for every job that runs, by priority, then age.
    """
    waiting = or_(
        ShardLeaseRow.state == "offered",
        and_(ShardLeaseRow.state == "taken", ShardLeaseRow.leased_until <= now),
    )
    query = select(ShardLeaseRow, JobRow).join(JobRow, JobRow.key == ShardLeaseRow.job_key).where(waiting)
    query = query.where(JobRow.run == ShardLeaseRow.run, JobRow.state == "running")
    if batch is not None:
        query = query.where(ShardLeaseRow.batch == batch).order_by(ShardLeaseRow.place)
    else:
        query = query.order_by(JobRow.priority.desc(), JobRow.key, ShardLeaseRow.batch, ShardLeaseRow.place)
    locked = query.limit(1).with_for_update(skip_locked=True, of=ShardLeaseRow)
    row = session.execute(locked).one_or_none()
    return None if row is None else (row[0], row[1])


def change(session: Session, batch: str, place: int, attempt: int, **columns: Any) -> bool:
    """Write columns into a shard that is leased under the given attempt. Return whether it still is."""
    # Any: values of the columns' types.
    leased = and_(
        ShardLeaseRow.batch == batch,
        ShardLeaseRow.place == place,
        ShardLeaseRow.attempt == attempt,
        ShardLeaseRow.state == "taken",
    )
    return session.connection().execute(update(ShardLeaseRow).where(leased).values(**columns)).rowcount == 1


def delivered(session: Session, batch: str) -> list[tuple[int, bytes | None, str | None]]:
    """Return (place, results, why they are lost) of each shard of a batch that another worker delivered."""
    done = and_(ShardLeaseRow.batch == batch, ShardLeaseRow.state == "done")
    query = select(ShardLeaseRow.place, ShardLeaseRow.results, ShardLeaseRow.lost).where(done)
    return [
        (place, results, lost)
        for place, results, lost in session.execute(query.order_by(ShardLeaseRow.place))
    ]


def remove_places(session: Session, batch: str, places: Sequence[int]) -> None:
    """Remove the shards at these places of a batch."""
    session.execute(
        delete(ShardLeaseRow).where(ShardLeaseRow.batch == batch, ShardLeaseRow.place.in_(places))
    )
