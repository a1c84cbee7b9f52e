"""Wakes a worker the moment that a job may be waiting: PostgreSQL calls, a SQLite file is looked at.

Nothing depends on a call being heard: a worker looks for jobs now and then all the same.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db.database import Database

CHANNEL = "stepsize_jobs"
LOOK_S = 0.05  # between looks at a SQLite file; the wake-up costs more than the look
LISTEN_S = 0.5  # a thread that listens can be stopped no sooner


def ring(session: Session) -> None:
    """Calls every worker once the transaction is committed; SQLite needs no call."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


class Doorbell(ABC):
    """What a worker waits at, in one thread."""

    @abstractmethod
    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Returns at a call, after the time-out, or when `stop` is set. It may return for nothing."""

    @abstractmethod
    def close(self) -> None:
        """Gives its connection back."""


def doorbell(db: Database) -> Doorbell:
    """The doorbell of that database."""
    if db.url.get_backend_name() == "sqlite":
        return _Watch(str(db.url.database))
    return _Listener(db)


class _Watch(Doorbell):
    """Sees that another connection, of any process, has written to a SQLite file."""

    def __init__(self, path: str) -> None:
        # Not from SQLAlchemy's pool: the number is one connection's own, and a session costs far more.
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._seen = self._version()

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not stop.wait(LOOK_S):
            version = self._version()
            if version != self._seen:
                self._seen = version
                return

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _version(self) -> int:
        try:
            found: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:  # full, or gone: whoever reads the jobs next will say so
            return -1
        return found[0]


class _Listener(Doorbell):
    """Listens on a connection of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Connection | None = None

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        deadline = time.monotonic() + timeout_s
        while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
            try:
                driver = self._listening()
                if any(True for _ in driver.notifies(timeout=min(left, LISTEN_S), stop_after=1)):
                    return
            except (psycopg.Error, SQLAlchemyError):
                self.close()
                stop.wait(left)  # the next look for jobs finds what was missed, or that the database is away

    def _listening(self) -> psycopg.Connection[Any]:
        # Any: the rows of a connection that selects nothing.
        if self._connection is None:
            connection = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(f"LISTEN {CHANNEL}"))
            self._connection = connection
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver

    def close(self) -> None:
        """Ends the connection; the next wait makes another."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
