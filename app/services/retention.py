"""Removes what nobody wants any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.db import Database
from app.db.queries import jobs as table

JOBS_AT_ONCE = 10  # a transaction; SQLite has one writer, and a running job must not wait for it long


def count_ended(db: Database, before: datetime) -> tuple[int, int]:
    """How many jobs ended before that moment, and how many trials they have."""
    with db.read() as session:
        return table.count_ended_before(session, before)


def prune(db: Database, before: datetime) -> Iterator[int]:
    """Removes the jobs that ended before that moment, with all that they stored; yields how many at a time.

    Stopped half-way, what is gone is gone whole, and the rest is untouched.
    """
    while True:
        with db.write() as session:
            rows = table.ended_before(session, before, JOBS_AT_ONCE)
            for row in rows:
                table.remove(session, row.key)
        if not rows:
            return
        yield len(rows)
