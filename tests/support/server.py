"""A real server for tests: `stepsize serve` and its processes, which tests may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

READY_WITHIN_S = 90.0
POLL_S = 0.05
ORPHANS_GONE_S = 5.0
TICKS_OF_IDLE = 3  # of a hundredth of a second each: the most that a process uses in a second of waiting

Json = dict[str, Any]


class Program:
    """A command of ours as a process; `start` after `kill` is the same command again."""

    def __init__(self, folder: Path, name: str, *arguments: str, environment: dict[str, str] | None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._command = [sys.executable, "-m", "app", *arguments]
        self._environment = _environment() | (environment or {})

    def launch(self) -> None:
        """Start the program without waiting until it can be used."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self.folder, env=self._environment
            )

    def stop(self) -> int:
        """Ask the program to stop and return its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """Kill -9 the process that the user started; the others must soon end by themselves."""
        assert self.process is not None
        family = set(self.family())
        self.process.kill()
        self.process.wait()
        wait_for(lambda: not alive(family), ORPHANS_GONE_S, lambda: f"orphans to end: {alive(family)}")

    def family(self) -> dict[int, str]:
        """Return the command lines of the program and its descendants, by process id."""
        assert self.process is not None
        return descendants(self.process.pid)


class Worker(Program):
    """`stepsize worker` on a PostgreSQL database, which others may share."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        processes: int = 1,
        environment: dict[str, str] | None = None,
    ) -> None:
        options = ("--database-url", database_url, "--pool-processes", str(processes))
        super().__init__(folder, "worker", "worker", *options, environment=environment)

    def __enter__(self) -> Worker:
        self.launch()
        return self

    def __exit__(self, *_: object) -> None:
        self.freeze(False)
        self.stop()

    def freeze(self, frozen: bool = True) -> None:
        """Freeze the program and its pool, as a suspended machine does; False thaws them."""
        for pid in sorted(self.family(), reverse=not frozen):
            os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)


class Server(Program):
    """A server on a database of its own, and what one asks it."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        database_url: str | None = None,
        ready: str = "/readyz",
        environment: dict[str, str] | None = None,
    ) -> None:
        self._ready_path = ready
        self.port = free_port()
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30.0)
        url = database_url or f"sqlite:///{folder / 'jobs.db'}"
        options = ("--port", str(self.port), "--database-url", url)
        super().__init__(folder, "server", "serve", *options, *arguments, environment=environment)

    def __enter__(self) -> Server:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)  # nothing else would: a server that is not ready stays
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.http.close()

    def start(self) -> Server:
        """Start the server and wait until API and worker answer."""
        self.launch()
        return self.wait_ready()

    def wait_ready(self) -> Server:
        """Wait until API and worker answer."""
        wait_for(
            self._ready, READY_WITHIN_S, lambda: f"the server to be ready:\n{self.log.read_text()[-3000:]}"
        )
        return self

    def submit(self, spec: Json) -> str:
        """Post a job and return its id."""
        answer = self.http.post("/v1/jobs", json=spec)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    def job(self, job_id: str) -> Json:
        """Return the job."""
        answer = self.http.get(f"/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def wait(
        self, job_id: str, state: str = "succeeded", within_s: float = 180.0, *, poll_s: float = POLL_S
    ) -> Json:
        """Wait until the job is in that state and return it; fail if it ends in another."""

        def arrived() -> bool:
            job = self.job(job_id)
            ended = job["state"] in ("succeeded", "failed", "cancelled")
            assert not ended or job["state"] == state, (job, self.log.read_text()[-3000:])
            return bool(job["state"] == state)

        wait_for(arrived, within_s, lambda: f"{state}: {self.job(job_id)}", poll_s=poll_s)
        return self.job(job_id)

    def wait_for_trials(self, job_id: str, count: int, within_s: float = 120.0) -> None:
        """Wait until so many trials have ended."""

        def arrived() -> bool:
            progress = self.job(job_id)["progress"]
            ended = sum(progress[f"trials_{state}"] for state in ("completed", "pruned", "diverged"))
            return bool(ended >= count)

        wait_for(arrived, within_s, lambda: f"{count} trials: {self.job(job_id)}")

    def trials(self, job_id: str) -> list[Json]:
        """Return every trial, by number."""
        return self._all(f"/v1/jobs/{job_id}/trials", 500)

    def jobs(self) -> list[Json]:
        """Return every job, newest first."""
        return self._all("/v1/jobs", 100)

    def _all(self, path: str, limit: int) -> list[Json]:
        """Return the items of all pages of a list."""
        items: list[Json] = []
        token = None
        while True:
            query = {"limit": str(limit)} | ({"page_token": token} if token else {})
            page = self.http.get(path, params=query).json()
            items += page["items"]
            token = page["next_page_token"]
            if token is None:
                return items

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return self.http.get(self._ready_path).is_success
        except httpx2.TransportError:
            return False


def outcome(trial: Json) -> Json:
    """Return the parts of a trial that must not depend on where or when it ran."""
    return {name: value for name, value in trial.items() if not name.endswith("_at")}


def wait_for(
    condition: Callable[[], bool], within_s: float, what: Callable[[], str], *, poll_s: float = POLL_S
) -> None:
    """Wait until the condition holds; fail after that time. poll_s: seconds between two checks."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:.0f} s for {what()}")
        time.sleep(poll_s)  # it is another process that changes, and nothing of it calls here


def descendants(pid: int) -> dict[int, str]:
    """Return the living processes below and including `pid`, with their command lines (Linux)."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = _state_and_parent(int(entry.name))
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended meanwhile
            continue
        if state != "Z":
            parents[int(entry.name)] = parent
            commands[int(entry.name)] = command
    family = {pid} & set(parents)
    while True:
        grown = family | {child for child, parent in parents.items() if parent in family}
        if grown == family:
            return {member: commands[member] for member in family}
        family = grown


def alive(pids: set[int]) -> set[int]:
    """Return the processes that still live."""
    return {pid for pid in pids if _lives(pid)}


def working(pids: set[int], watched_s: float) -> set[int]:
    """Return the processes that use processor time while they are watched."""
    before = {pid: _processor_ticks(pid) for pid in pids}
    time.sleep(watched_s)  # what is measured is what they use in that time
    return {pid for pid in pids if _processor_ticks(pid) > before[pid] + TICKS_OF_IDLE}


def _processor_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _lives(pid: int) -> bool:
    try:
        return _state_and_parent(pid)[0] != "Z"
    except OSError:
        return False


def _state_and_parent(pid: int) -> tuple[str, int]:
    """Return state and parent of a process (Linux); raise OSError if there is no such process."""
    state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return state, int(parent)


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEPSIZE_")}
    return kept | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
