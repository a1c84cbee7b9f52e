"""Locks that tell living workers from dead ones.

PostgreSQL releases the advisory lock of a session as soon as its process is gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database

# Settings of the session that holds the lock: a machine that is gone loses its lock within half a minute.
KEEPALIVES = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
NAMESPACE = 1_398_031_443  # separates these locks from those of other programs in the same database


class WorkerLock:
    """A worker's lock on its own name, held on a connection of its own for as long as the worker lives.

    A connection pooler in transaction mode would lose the lock; workers connect directly.
    """

    def __init__(self, db: Database, name: str) -> None:
        self._db = db
        self._name = name
        self._connection: Connection | None = None

    def hold(self) -> bool:
        """Take the lock, or check that it is still held. Return whether it is held.

        If the connection was lost, the server may not have noticed that yet: the result is False, and a later
        call succeeds.
        """
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
                return True
            except SQLAlchemyError:
                self._connection.invalidate()
                self._connection.close()
                self._connection = None
        connection = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for setting in KEEPALIVES:
            connection.execute(text(f"SET {setting}"))
        if connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), _key(self._name)):
            self._connection = connection
            return True
        connection.close()
        return False

    def release(self) -> None:
        """Release the lock and close its connection."""
        if self._connection is not None:
            self._connection.invalidate()  # in the pool, the connection would keep the lock
            self._connection.close()
            self._connection = None


@contextmanager
def if_dead(db: Database, name: str) -> Iterator[bool]:
    """Yield whether the worker is dead. During the block, every other caller finds it alive."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_locked = connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), _key(name))
        try:
            yield bool(is_locked)
        finally:
            if is_locked:
                connection.execute(text("SELECT pg_advisory_unlock(:space, :key)"), _key(name))


def _key(name: str) -> dict[str, int]:
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    return {"space": NAMESPACE, "key": int.from_bytes(digest, "big", signed=True)}
