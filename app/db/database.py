"""Connections and transactions: `read()` sees one snapshot, `write()` commits once, at its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

SQLITE_BUSY_TIMEOUT_MS = 30_000  # time that a writer waits for another one
# PostgreSQL ends a session that is idle in a transaction for longer, and unlocks its rows: a frozen process
# must not keep other workers from its jobs, which they take over after STEPSIZE_WORKER_SILENCE_S.
IDLE_TRANSACTION_S = 10
POOL_SIZE = 10  # connections
POOL_OVERFLOW = 30  # further connections: the 40 threads of the API never wait for one


class Database:
    """The jobs' database, SQLite or PostgreSQL. Safe to share between threads, not between processes."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._engine = _engine(url)
        # By default PostgreSQL takes a snapshot for each statement, SQLite one for the transaction.
        snapshot = {} if _is_sqlite(url) else {"isolation_level": "REPEATABLE READ"}
        self._reader = self._engine.execution_options(**snapshot)
        # SQLite: a transaction that reads first and writes later can fail at once, whatever the busy
        # timeout, when another writes in between. BEGIN IMMEDIATE takes the write lock up front.
        self._writer = self._engine.execution_options(immediate=True)
        # Waiting writers of a SQLite file poll at ever longer intervals, so that some of many wait for a
        # second. The writers of this process take turns on a lock instead.
        self._write_lock: AbstractContextManager[object] = (
            threading.Lock() if _is_sqlite(url) else nullcontext()
        )

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one snapshot and is rolled back at its end."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits at its end, or rolls back if the block raises."""
        with self._write_lock, Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_pre_ping=not _is_sqlite(url),  # a file cannot drop a connection
    )
    if _is_sqlite(url):
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Any: the driver's connection. isolation_level None: BEGIN is explicit, the driver adds none.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # Any: the driver's connection. Not in the URL's `options`, which the operator may have set.
    connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_TRANSACTION_S}s'")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
