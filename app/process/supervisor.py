"""The supervisor of two processes, the API and a worker: restarts each when it dies, and stops both."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.process.file_lock import sole_user
from app.settings import Settings

logger = logging.getLogger(__name__)

# A worker ends without clean-up, and Python's resource tracker would warn of its semaphores.
QUIET_EXIT = ("-W", "ignore:resource_tracker:UserWarning")
STOP_WAIT_S = 10.0  # seconds after which a process that should stop is killed
EARLY_EXIT_S = 2.0  # seconds after its start; a process that fails earlier would fail again
RESTART_WAIT_S = 0.5  # seconds before a restart
POLL_S = 0.1  # seconds between checks of the processes


@dataclass
class _Child:
    """A supervised process."""

    name: str
    process: subprocess.Popen[bytes] = field(init=False)
    started_at: float = field(init=False)

    def start(self, settings: Settings) -> None:
        command = [*_python(), *QUIET_EXIT, "-m", "app.supervised", str(os.getpid()), self.name]
        self.process = subprocess.Popen(
            command,
            env=os.environ | _environment(settings),
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the others
        )
        self.started_at = time.monotonic()


def supervise(settings: Settings) -> int:
    """Run the API and a worker, and restart each when it dies. Return the exit status. Raises InUse.

    SIGTERM and SIGINT stop both within ten seconds.
    """
    stop = False

    def on_signal(*_: object) -> None:
        nonlocal stop
        stop = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    with sole_user(settings, "server"):
        children = [_Child("api"), _Child("worker")]
        for child in children:
            child.start(settings)
        try:
            while not stop:
                time.sleep(POLL_S)
                for child in children:
                    if not stop and not _revive(child, settings):
                        return 1
            return 0
        finally:
            _stop(children)


def _revive(child: _Child, settings: Settings) -> bool:
    """Restart a process that has died. Return False if the process failed at its start."""
    status = child.process.poll()
    if status is None:
        return True
    if status > 0 and time.monotonic() - child.started_at < EARLY_EXIT_S:  # below 0: a signal killed it
        logger.error("the %s ended with status %d at its start; giving up", child.name, status)
        return False
    logger.error("the %s ended with status %d; starting it anew", child.name, status)
    time.sleep(RESTART_WAIT_S)
    child.start(settings)
    return True


def _stop(children: list[_Child]) -> None:
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + STOP_WAIT_S
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("the %s did not stop within %d s; killing it", child.name, STOP_WAIT_S)
            child.process.kill()
            child.process.wait()


def _python() -> list[str]:
    """Return the command of the interpreter.

    -P: a folder `app` in the working directory must not be imported in place of this package.
    """
    checkout = Path(__file__).resolve().parents[2]
    return [sys.executable] if checkout == Path.cwd() else [sys.executable, "-P"]


def _environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {f"STEPSIZE_{name.upper()}": str(value) for name, value in values.items()}
