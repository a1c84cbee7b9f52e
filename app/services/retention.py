"""Deletion of old jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.db import Database
from app.db.queries import jobs as table

JOBS_AT_ONCE = 10  # jobs in a transaction: SQLite has one writer, which running jobs must not wait for long


def count_ended(db: Database, before: datetime) -> tuple[int, int]:
    """Return the number of jobs that ended before that time, and the number of their trials."""
    with db.read() as session:
        return table.count_ended_before(session, before)


def prune(db: Database, before: datetime) -> Iterator[int]:
    """Delete the jobs that ended before that time, with all that they stored. Yield the count of each batch.

    If the iterator is stopped early, each job is either deleted completely or not at all.
    """
    while True:
        with db.write() as session:
            rows = table.ended_before(session, before, JOBS_AT_ONCE)
            for row in rows:
                table.remove(session, row.key)
        if not rows:
            return
        yield len(rows)
