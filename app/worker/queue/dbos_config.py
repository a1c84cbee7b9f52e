"""The configuration of DBOS: its database and the identity of the worker."""

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

# Pinned: by default DBOS hashes the source, and would not resume after an upgrade what ran before.
WORKFLOW_VERSION = "1"
# Seconds. By default DBOS polls every second, for notifications that this service never sends.
NOTIFICATION_POLL_S = 60.0
MAX_RECOVERIES = 10_000  # crashes after which DBOS gives a workflow up; its default is 100
BUSY_TIMEOUT_MS = 30_000


def worker_id(settings: Settings) -> str:
    """Return the name of this worker: constant if embedded, so that the next worker resumes its jobs.

    Any other worker has a unique name. Host and process id do not suffice: in containers on the host's
    network they are the same for every worker, and each would wait for ever for the lock on the name.
    """
    if settings.embedded:
        return "embedded"
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def dbos_config(settings: Settings, me: str) -> DBOSConfig:
    """Return the configuration of DBOS for the worker named `me`."""
    config = DBOSConfig(
        name="stepsize",
        system_database_url=settings.queue_database.render_as_string(hide_password=False),
        executor_id=me,
        application_version=WORKFLOW_VERSION,
        log_level="WARNING",
        notification_listener_polling_interval_sec=NOTIFICATION_POLL_S,
        sys_db_idle_transaction_timeout_sec=IDLE_TRANSACTION_S,
        use_listen_notify=False,  # the listener of DBOS wakes a hundred times a second
    )
    if settings.queue_database.get_backend_name() == "sqlite":
        config["system_database_engine"] = _sqlite_engine(settings)
    return config


def _sqlite_engine(settings: Settings) -> Engine:
    """Return an engine with a write-ahead log, and with the function `unixepoch` for old versions of SQLite.

    The engine that DBOS makes has neither.
    """
    engine = create_engine(settings.queue_database)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # Any: the driver's connection. IMMEDIATE: writers wait for each other instead of failing.
        connection.isolation_level = "IMMEDIATE"
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # a power cut must not lose a workflow that the job's row says is enqueued
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        # SQLite has unixepoch('subsec') from 3.42 on; Debian 12 has 3.40. DBOS needs it from Python 3.12 on.
        connection.create_function("unixepoch", 1, lambda _: time.time())

    return engine
