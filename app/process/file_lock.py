"""A lock on a SQLite file, for one server and one worker at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import Timeout, UnixFileLock

from app.settings import Settings

LOCK_WAIT_S = 10.0  # seconds: a killed server ends within one, but an earlier server may still be stopping
POLL_S = 0.1  # seconds between attempts


class InUse(Exception):
    """Another process uses the database."""


@contextmanager
def sole_user(settings: Settings, role: Literal["server", "worker"]) -> Iterator[None]:
    """Hold the lock of the role on an embedded database; two workers would run each job twice.

    Wait ten seconds for an earlier process to end, then raise InUse. The operating system releases the lock
    when the process ends, however it ends. Child processes do not inherit it.
    """
    if not settings.embedded:
        yield
        return
    path = Path(f"{settings.database.database}.{role}.lock")
    if not path.parent.is_dir():
        raise InUse(f"there is no folder {path.parent}; make it, or choose another --database-url")
    # A soft lock would outlive a killed process.
    lock = UnixFileLock(path, timeout=LOCK_WAIT_S, poll_interval=POLL_S, fallback_to_soft=False)
    try:
        held = lock.acquire()
    except Timeout:
        raise InUse(
            f"another {role} uses {settings.database.database}; stop it, or give this one another"
            " --database-url. Several servers and workers share a PostgreSQL database."
        ) from None
    with held:
        yield
