"""Several programs on one database, for the chaos tests, which kill any of their processes."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import httpx2

from tests.support.server import Json, Program, Server, Worker, alive, outcome, wait_for

T = TypeVar("T")

BACK_WITHIN_S = 90.0  # an API or a process after a kill, on a busy machine
GONE_WITHIN_S = 10.0
# What is in the command line of each kind of process.
VICTIMS = {"server": " serve ", "api": " api ", "worker": " worker ", "pool": "multiprocessing.spawn"}


class Fleet:
    """API servers and workers; a request goes to the next API if one was just killed."""

    def __init__(self, servers: Sequence[Server], workers: Sequence[Worker] = ()) -> None:
        self.servers = servers
        self.workers = workers
        self._programs: list[Program] = [*servers, *workers]
        self._seen: set[int] = set()

    def __enter__(self) -> Fleet:
        for program in self._programs:
            program.launch()
        for server in self.servers:
            server.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pids()
        for program in self._programs:
            program.stop()
        for server in self.servers:
            server.http.close()
        if error is None:
            wait_for(lambda: not alive(self._seen), GONE_WITHIN_S, lambda: f"the end of {alive(self._seen)}")

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of its processes: a server with a worker starts its API itself."""
        return [kind for kind in VICTIMS if kind != "api" or not self.workers]

    def submit(self, spec: Json) -> str:
        """Post a job and return its id."""
        return self._ask(lambda server: server.submit(spec))

    def job(self, job_id: str) -> Json:
        """Return the job."""
        return self._ask(lambda server: server.job(job_id))

    def ended(self, job_id: str) -> bool:
        """Return whether the job has succeeded; fail if it ended otherwise."""
        job = self.job(job_id)
        assert job["state"] in ("queued", "running", "succeeded"), job
        return bool(job["state"] == "succeeded")

    def wait(self, job_id: str, within_s: float = 400.0) -> None:
        """Wait until the job has succeeded."""
        wait_for(lambda: self.ended(job_id), within_s, lambda: f"the end of {self.job(job_id)}")

    def outcomes(self, job_id: str) -> list[Json]:
        """Return the parts of each trial, by number, that no disturbance may change."""
        return [outcome(trial) for trial in self._ask(lambda server: server.trials(job_id))]

    def kill(self, kind: str, rng: random.Random) -> None:
        """Kill -9 a random process of that kind, as soon as there is one; it is started again."""

        def candidates() -> list[int]:
            return sorted(pid for pid, command in self._pids().items() if VICTIMS[kind] in f"{command} ")

        wait_for(lambda: bool(candidates()), BACK_WITHIN_S, lambda: f"a {kind} after the last kill")
        victim = rng.choice(candidates())
        for program in self._programs:
            if program.process is not None and program.process.pid == victim:
                program.kill()  # none of its processes may outlive it
                program.launch()
                return
        os.kill(victim, signal.SIGKILL)

    def _pids(self) -> dict[int, str]:
        """Return the command line of every process, by id."""
        processes: dict[int, str] = {}
        for program in self._programs:
            processes |= program.family()
        self._seen |= set(processes)
        return processes

    def _ask(self, question: Callable[[Server], T]) -> T:
        """Return the first answer of any API."""
        answers: list[T] = []

        def answered() -> bool:
            for server in self.servers:
                try:
                    answers.append(question(server))
                    return True
                except httpx2.TransportError:
                    continue
            return False

        wait_for(answered, BACK_WITHIN_S, lambda: "an API that answers")
        return answers[0]


def embedded(folder: Path, database_url: str) -> Fleet:
    """Return a fleet of one server with its worker, on a SQLite file."""
    return Fleet([Server(folder, database_url=database_url)])


def shared(
    folder: Path, database_url: str, *, processes: int = 1, environment: dict[str, str] | None = None
) -> Fleet:
    """Return a fleet of two API servers and two workers on one PostgreSQL database."""
    return Fleet(
        [
            Server(folder / f"api{i}", "--no-worker", database_url=database_url, ready="/healthz")
            for i in range(2)
        ],
        [
            Worker(folder / f"worker{i}", database_url, processes=processes, environment=environment)
            for i in range(2)
        ],
    )
