"""Notifications that wake a worker as soon as a job may be waiting.

PostgreSQL sends them; a SQLite file is polled for changes. Nothing depends on a notification: a worker also
queries for jobs at regular intervals.
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
SQLITE_POLL_S = 0.05  # seconds between polls of a SQLite file; waking the thread costs more than the poll
LISTEN_S = 0.5  # seconds until a listening thread notices that it should stop


def notify(session: Session) -> None:
    """Notify every worker once the transaction is committed; a SQLite file needs no notification."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


class NotificationListener(ABC):
    """Waits for notifications, in one thread."""

    @abstractmethod
    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Wait for a notification, the time-out or `stop`. The wait may also end without a reason."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


def notification_listener(db: Database) -> NotificationListener:
    """Return a listener for the notifications of the database."""
    if db.url.get_backend_name() == "sqlite":
        return _SqliteListener(str(db.url.database))
    return _PostgresListener(db)


class _SqliteListener(NotificationListener):
    """Detects that another connection, of any process, has written to a SQLite file."""

    def __init__(self, path: str) -> None:
        # Not from SQLAlchemy's pool: data_version belongs to one connection, and a session costs far more.
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._last_version = self._version()

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Wait for a change of the file, the time-out or `stop`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not stop.wait(SQLITE_POLL_S):
            version = self._version()
            if version != self._last_version:
                self._last_version = version
                return

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _version(self) -> int:
        try:
            row: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:  # the disk is full or the file is gone: the next query for jobs raises it
            return -1
        return row[0]


class _PostgresListener(NotificationListener):
    """Listens on a connection of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Connection | None = None

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Wait for a notification, the time-out or `stop`."""
        deadline = time.monotonic() + timeout_s
        while not stop.is_set() and (left_s := deadline - time.monotonic()) > 0:
            try:
                driver = self._listen()
                if any(True for _ in driver.notifies(timeout=min(left_s, LISTEN_S), stop_after=1)):
                    return
            except (psycopg.Error, SQLAlchemyError):
                self.close()
                stop.wait(left_s)  # the next query for jobs finds what was missed, or raises the error

    def _listen(self) -> psycopg.Connection[Any]:
        # Any: the rows of a connection that selects nothing.
        if self._connection is None:
            connection = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(f"LISTEN {CHANNEL}"))
            self._connection = connection
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver

    def close(self) -> None:
        """Close the connection; the next wait opens another."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
