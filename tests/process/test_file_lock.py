"""Check that a lock admits one process of each role, and ends with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.process import file_lock
from app.process.file_lock import InUse, sole_user
from app.settings import Settings

# Holds the lock of a worker, starts a process of its own, and prints the id of that process.
HOLDER = """
import subprocess, sys, time
from app.process.file_lock import sole_user
from app.settings import Settings

with sole_user(Settings(database_url=sys.argv[1]), "worker"):
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, close_fds=False)
    print(child.pid, flush=True)
    time.sleep(60)  # until the test kills this process
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a SQLite file that need not exist."""
    return Settings(database_url=f"sqlite:///{tmp_path}/jobs.db")


def test_a_second_user_of_the_same_role_is_refused_after_a_wait(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "LOCK_WAIT_S", 0.3)
    with sole_user(settings, "worker"):
        start = time.monotonic()
        with pytest.raises(InUse) as refusal, sole_user(settings, "worker"):
            pytest.fail("two workers hold the lock")
        assert time.monotonic() - start >= 0.3
        with sole_user(settings, "server"):
            pass
    assert str(refusal.value) == (
        f"another worker uses {tmp_path}/jobs.db; stop it, or give this one another --database-url."
        " Several servers and workers share a PostgreSQL database."
    )
    with sole_user(settings, "worker"):
        assert {path.name for path in tmp_path.iterdir()} == {"jobs.db.worker.lock", "jobs.db.server.lock"}


@pytest.fixture
def holder(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield a process that holds the lock of the worker, and the id of its child."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, settings.database_url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        child = int(process.stdout.readline())
    yield process, child
    process.kill()
    process.wait(10)
    os.kill(child, signal.SIGKILL)


def test_a_lock_ends_with_its_killed_process_although_a_child_runs_on(
    settings: Settings, holder: tuple[subprocess.Popen[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "LOCK_WAIT_S", 0.3)
    process, child = holder
    with pytest.raises(InUse), sole_user(settings, "worker"):
        pytest.fail("two workers hold the lock")
    process.kill()
    process.wait(10)
    os.kill(child, 0)  # raises if the child has ended
    with sole_user(settings, "worker"):
        pass


def test_a_waiting_user_gets_the_lock_when_the_earlier_one_ends(
    settings: Settings, holder: tuple[subprocess.Popen[str], int]
) -> None:
    start = time.monotonic()
    timer = threading.Timer(0.5, holder[0].kill)
    timer.start()
    with sole_user(settings, "worker"):
        assert 0.4 < time.monotonic() - start < file_lock.LOCK_WAIT_S
    timer.join()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/none/jobs.db")
    with pytest.raises(InUse, match=r"there is no folder .*/none; make it"), sole_user(settings, "server"):
        pytest.fail("the lock has no folder")
