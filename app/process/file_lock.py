"""A lock on a SQLite file: one server, and one worker, has it to itself."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from app.settings import Settings

LOCK_WAIT_S = 10.0  # a killed server's processes end within a second; an old one may still be stopping
POLL_S = 0.1


class InUse(Exception):
    """Another process uses the database."""


@contextmanager
def sole_user(settings: Settings, role: Literal["server", "worker"]) -> Iterator[None]:
    """Holds the lock of that role on an embedded database; two workers would run each job twice.

    Waits ten seconds for a predecessor to end, then raises InUse. The operating system gives the lock back
    when the process ends, however it ends; children do not inherit it.
    """
    if not settings.embedded:
        yield
        return
    path = Path(f"{settings.database.database}.{role}.lock")
    if not path.parent.is_dir():
        raise InUse(f"there is no folder {path.parent}; make it, or choose another --database-url")
    with path.open("a") as lock:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InUse(
                        f"another {role} uses {settings.database.database}; stop it, or give this one another"
                        " --database-url. Several servers and workers share a PostgreSQL database."
                    ) from None
                time.sleep(POLL_S)
        yield
