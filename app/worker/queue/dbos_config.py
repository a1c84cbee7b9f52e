"""How DBOS is set up: its database and its identity."""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import Any

from dbos import DBOSConfig
from sqlalchemy import Engine, create_engine, event

from app.db.database import IDLE_TRANSACTION_S
from app.settings import Settings

# Pinned: by default DBOS hashes the source, and would not go on with what ran before an upgrade.
WORKFLOW_VERSION = "1"
NOTIFICATION_POLL_S = 60.0  # we use no DBOS notifications; its default looks every second
MAX_RECOVERIES = 10_000  # DBOS gives a workflow up after so many crashes; its default is 100
BUSY_TIMEOUT_MS = 30_000


def worker_id(settings: Settings) -> str:
    """Constant for the one embedded worker, so that the next one takes its work over; else unique.

    Host and process do not suffice: in containers on the host's network every worker has the same ones, and
    would wait for ever for the lock on the name.
    """
    if settings.embedded:
        return "embedded"
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def dbos_config(settings: Settings, me: str) -> DBOSConfig:
    """The configuration of the DBOS of the worker of that name."""
    config = DBOSConfig(
        name="stepsize",
        system_database_url=settings.queue_database.render_as_string(hide_password=False),
        executor_id=me,
        application_version=WORKFLOW_VERSION,
        log_level="WARNING",
        notification_listener_polling_interval_sec=NOTIFICATION_POLL_S,
        sys_db_idle_transaction_timeout_sec=IDLE_TRANSACTION_S,
        use_listen_notify=False,  # its listener wakes a hundred times a second
    )
    if settings.queue_database.get_backend_name() == "sqlite":
        config["system_database_engine"] = _sqlite_engine(settings)
    return config


def _sqlite_engine(settings: Settings) -> Engine:
    """DBOS's own engine has no write-ahead log, and asks SQLite for a function that old ones lack."""
    engine = create_engine(settings.queue_database)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # Any: the driver's connection. IMMEDIATE: writers wait for each other instead of failing.
        connection.isolation_level = "IMMEDIATE"
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # a power cut must not lose what our own row says is enqueued
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        # unixepoch('subsec') came with SQLite 3.42; Debian 12 has 3.40, and DBOS uses it from Python 3.12 on.
        connection.create_function("unixepoch", 1, lambda _: time.time())

    return engine
