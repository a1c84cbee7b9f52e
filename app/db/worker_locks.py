"""Who is alive, told by PostgreSQL: a session's advisory lock is free the moment its process is gone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database

# On the server, for the claim's session: a machine that is gone loses its lock within half a minute.
KEEPALIVES = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
NAMESPACE = 1_398_031_443  # keeps our locks apart from those of others in the same database


class Claim:
    """A worker's lock on its own name, held on a connection of its own for as long as the worker lives.

    A connection pooler in transaction mode would give the lock away; workers connect directly.
    """

    def __init__(self, db: Database, name: str) -> None:
        self._db = db
        self._name = name
        self._connection: Connection | None = None

    def hold(self) -> bool:
        """Takes the lock, or makes sure that it is still held; whether it is.

        False where the server has not noticed yet that an earlier connection of ours is gone; ask again.
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
        """Gives the lock back with its connection."""
        if self._connection is not None:
            self._connection.invalidate()  # back in the pool, it would keep the lock
            self._connection.close()
            self._connection = None


@contextmanager
def if_dead(db: Database, name: str) -> Iterator[bool]:
    """Whether the worker of that name is gone; while the block runs, nobody else finds it so."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), _key(name))
        try:
            yield bool(taken)
        finally:
            if taken:
                connection.execute(text("SELECT pg_advisory_unlock(:space, :key)"), _key(name))


def _key(name: str) -> dict[str, int]:
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    return {"space": NAMESPACE, "key": int.from_bytes(digest, "big", signed=True)}
