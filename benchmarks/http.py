"""The API beside a bare FastAPI route on the same database, and its latency while a job runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.load import latencies, rate
from tests.support.server import Json, Server, alive, free_port, wait_for, working

ROUNDS = 7
SECONDS = 2.0
CONNECTIONS = 8
LOAD_PER_SECOND = 100.0
LOAD_SECONDS = 15.0
IDLE_SECONDS = 20.0

QUICK: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 20, "steps": 50},
    "confirmation": None,
}
LONG: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 20_000, "steps": 500},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "none"},
}


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        job_id = server.submit(QUICK)
        server.wait(job_id)
        path = f"/v1/jobs/{job_id}"
        with _bare(Path(folder) / "jobs.db") as port:
            pairs = [(_rate(server.port, path), _rate(port, f"/jobs/{job_id}")) for _ in range(ROUNDS)]
        ours, bare = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(a / b for a, b in pairs)
        yield f"GET /v1/jobs/{{id}}: {ours:.0f} a second, a bare route {bare:.0f}: {ratio:.2f} x (must: 0.5)"
        yield _idle(server)
        long = server.submit(LONG)
        server.wait(long, "running")
        server.wait_for_trials(long, 1)
        found = latencies(server.port, path, per_second=LOAD_PER_SECOND, connections=4, seconds=LOAD_SECONDS)
        yield (
            f"at {LOAD_PER_SECOND:.0f} a second while a job runs on the same cores: "
            f"p50 {found.percentile(50):.1f} ms, p99 {found.percentile(99):.1f} ms (must: 60)"
        )
        yield _cancel(server, long)


def _rate(port: int, path: str) -> float:
    return rate(port, path, connections=CONNECTIONS, seconds=SECONDS)


def _idle(server: Server) -> str:
    workers = [pid for pid, command in server.family().items() if " worker " in command]
    pids = [pid for worker in workers for pid in (worker, *_children(server, worker))]
    before, begun = cpu_s(pids), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    share = (cpu_s(pids) - before) / (time.perf_counter() - begun)
    return f"an idle worker and its pool: {100 * share:.1f} % of a core (must: 3)"


def _cancel(server: Server, job_id: str) -> str:
    spawned = {pid for pid, command in server.family().items() if "multiprocessing.spawn" in command}
    running = working(spawned, 0.5)
    begun = time.perf_counter()
    server.http.post(f"/v1/jobs/{job_id}/cancel")
    wait_for(lambda: not alive(running), 60.0, lambda: "the batch to be killed", poll_s=0.01)
    took_s = time.perf_counter() - begun
    return f"a cancel: {len(running)} processes of the running batch were gone after {took_s:.2f} s (must: 2)"


def _children(server: Server, worker: int) -> list[int]:
    return [pid for pid, command in server.family().items() if "multiprocessing" in command and pid != worker]


def cpu_s(pids: list[int]) -> float:
    """Return the seconds of processor time that these processes have had."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _bare(database: Path) -> Iterator[int]:
    """Run a bare server on that database and yield its port."""
    port = free_port()
    variables = {"BARE_DATABASE": f"sqlite:///{database}", "BARE_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare"], env=os.environ | variables)
    try:
        wait_for(lambda: _listens(port), 20.0, lambda: "the bare server")
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    return subprocess.run(
        [sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}))"],
        capture_output=True,
        check=False,
    ).returncode == 0  # fmt: skip
