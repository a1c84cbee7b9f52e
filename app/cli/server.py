"""Running the server: the API in this process, or API and worker as two supervised ones."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import click
import uvicorn

from app.db.migrate import upgrade
from app.main import create_app
from app.settings import Settings
from app.worker.sole import sole_user

logger = logging.getLogger(__name__)

# A worker that just ends leaves semaphores to Python's tracker of such things, which would warn of them.
QUIET_EXIT = ("-W", "ignore:resource_tracker:UserWarning")
REQUEST_WAIT_S = 5  # for requests in flight, when asked to stop
STOP_WAIT_S = 10.0  # then a process that was asked to stop is killed
EARLY_S = 2.0  # a process that ends so soon after its start will do so again
RESTART_WAIT_S = 0.5
POLL_S = 0.1


def check_address(settings: Settings) -> None:
    """Refuses an address that is taken, and other machines while no API key guards the jobs."""
    try:
        loopback = settings.host == "localhost" or ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not settings.allow_open:
        raise click.UsageError(
            f"--host {settings.host} is open to other machines, where anybody could submit and delete jobs;"
            " use 127.0.0.1, or set STEPSIZE_ALLOW_OPEN=1 where something else keeps others out."
        )
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.UsageError(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another --port"
            ) from None


def prepare(settings: Settings) -> None:
    """Brings an embedded database to the newest schema; a shared one waits for `stepsize migrate`."""
    if settings.embedded:
        upgrade(settings.database)


class _Uvicorn(uvicorn.Server):
    """Tells the application of a stop at once, so that open event streams end instead of being waited for."""

    def __init__(self, config: uvicorn.Config, stopping: threading.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            address = f"http://{self.config.host}:{self.config.port}"
            logger.info("listening on %s, documentation at %s/docs", address, address)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        super().handle_exit(sig, frame)


def run_api(settings: Settings) -> None:
    """Serves HTTP until SIGTERM or SIGINT; requests in flight are answered."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # ours
        access_log=False,  # ours too
        timeout_graceful_shutdown=REQUEST_WAIT_S,
    )
    _Uvicorn(config, app.state.stopping).run()


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
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops us in order
        )
        self.started_at = time.monotonic()


def supervise(settings: Settings) -> int:
    """Runs the API and a worker, restarts one that dies; returns the exit status.

    SIGTERM and SIGINT stop both within ten seconds. Raises InUse.
    """
    stop = False
    prepare(settings)

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
    """Starts a process anew that has died; False where that would be in vain."""
    status = child.process.poll()
    if status is None:
        return True
    if status > 0 and time.monotonic() - child.started_at < EARLY_S:  # below 0: a signal killed it
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
    """The interpreter; -P, lest a folder `app` of the user's, where we were started, is taken for ours."""
    checkout = Path(__file__).resolve().parents[2]
    return [sys.executable] if checkout == Path.cwd() else [sys.executable, "-P"]


def _environment(settings: Settings) -> dict[str, str]:
    """The settings as variables, for a process of ours."""
    given = settings.model_dump(mode="json", exclude_none=True)
    return {f"STEPSIZE_{name.upper()}": str(value) for name, value in given.items()}
