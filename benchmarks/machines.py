"""Two workers beside one, how fast jobs are accepted, and a job of 50,000 trials."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.http import cpu_s
from benchmarks.load import Load, posts
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.fairness import LARGE, PLUS_S, TIMES, took_s
from tests.support.fairness import SMALL as FEW
from tests.support.server import Json, Server, Worker, outcome, wait_for

DIGITS: Json = {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}}
WIDE: Json = {
    "objective": DIGITS,
    "search_space": {"optimizers": [{"kind": "adam"}], "batch_size": 128},
    "budget": {"trials": 256, "steps": 2500},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "none"},
    "confirmation": None,
}
SMALL: Json = {"objective": {"kind": "function", "name": "rosenbrock"}}
IDLE_POLL_S = 0.5  # looking twenty times a second would take a tenth of a core from the workers
SUBMISSION_S = 10.0
CONNECTIONS = 8
SIZES = (1_000, 10_000, 50_000)
MANY: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "none"},
    "confirmation": None,
}
LOOKS = 9
TRIALS = FEW["budget"]["trials"]


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    with tempfile.TemporaryDirectory(prefix="pg") as postgres, tempfile.TemporaryDirectory() as files:
        databases = PostgresServer(Path(postgres))
        yield from _two_workers(databases.migrated(), Path(files))
        yield _submissions("PostgreSQL", databases.migrated(), Path(files) / "shared", must=100)
        databases.close()
        url = SqliteFiles(Path(files)).migrated(Path(files))
        yield _submissions("SQLite", url, Path(files) / "embedded", must=50)
    yield from _beside_large_jobs()
    yield from _large_job()


def _two_workers(url: str, folder: Path) -> Iterator[str]:
    workers = [Worker(folder / f"worker{i}", url) for i in range(2)]
    with (
        Server(folder / "api", "--no-worker", database_url=url, ready="/healthz") as api,
        workers[0],
    ):
        _live(api, 1)
        alone_s, alone, alone_cpu = _timed(api, workers[:1])
        with workers[1]:
            _live(api, 2)
            both_s, both, both_cpu = _timed(api, workers)
        equal = [outcome(a) for a in alone] == [outcome(b) for b in both]
    yield (
        f"a job of {alone_s:.0f} s on one worker of one process, on two: {both_s:.0f} s,"
        f" {alone_s / both_s:.2f} x as fast (must: 1.8), values {'equal' if equal else 'DIFFERENT'}"
    )
    yield (  # tells a machine that others use from a pool that waits
        f"  processor time: {alone_cpu[0]:.0f} s, and {both_cpu[0]:.0f} and {both_cpu[1]:.0f} s;"
        f" {sum(both_cpu) / both_s:.2f} cores of two were had"
    )


def _live(api: Server, count: int) -> None:
    """Wait until so many workers send heartbeats and the first is warm."""
    line = f"stepsize_workers {count:.1f}"
    wait_for(lambda: line in api.http.get("/metrics").text, 60, lambda: f"{count} workers")
    api.wait(api.submit(WIDE | {"budget": {"trials": 4 * count, "steps": 100}}))


def _timed(api: Server, workers: Sequence[Worker]) -> tuple[float, list[Json], list[float]]:
    """Return (seconds, trials, seconds of processor time of each worker)."""
    before = [cpu_s(list(worker.family())) for worker in workers]
    begun = time.perf_counter()
    job_id = api.submit(WIDE)
    api.wait(job_id, within_s=900, poll_s=IDLE_POLL_S)
    seconds = time.perf_counter() - begun
    had = [cpu_s(list(worker.family())) - had for worker, had in zip(workers, before, strict=True)]
    return seconds, api.trials(job_id), had


def _submissions(name: str, url: str, folder: Path, must: int) -> str:
    with Server(folder, "--no-worker", database_url=url, ready="/healthz") as api:
        posts(api.port, "/v1/jobs", SMALL, connections=CONNECTIONS, seconds=1.0)
        found: Load = posts(api.port, "/v1/jobs", SMALL, connections=CONNECTIONS, seconds=SUBMISSION_S)
    return (
        f"submissions, {CONNECTIONS} clients, {name}: {found.per_second:.0f} a second (must: {must}),"
        f" p99 {found.latencies.percentile(99):.0f} ms (must: 200)"
    )


def _beside_large_jobs() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        took_s(server)  # starts what starts once
        alone_s = took_s(server)
        must = f"{TIMES:.0f} x and {PLUS_S:.0f} s"
        yield f"a job of {TRIALS} trials alone: {alone_s:.1f} s (must beside a large one: {must})"
        for kind, spec in LARGE.items():
            large = server.submit(spec)
            server.wait(large, "running")
            first_s, second_s = took_s(server), took_s(server)
            server.http.post(f"/v1/jobs/{large}/cancel")
            yield f"  beside one of 10,000 {kind} trials: {first_s:.1f} s, and again {second_s:.1f} s"


def _large_job() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        per_trial_ms = {}
        for trials in SIZES:
            begun = time.perf_counter()
            job_id = server.submit(MANY | {"budget": {"trials": trials, "steps": 100}})
            server.wait(job_id, within_s=3600)
            per_trial_ms[trials] = 1e3 * (time.perf_counter() - begun) / trials
        times = ", ".join(f"{trials:,}: {each:.2f} ms" for trials, each in per_trial_ms.items())
        growth = per_trial_ms[SIZES[-1]] / per_trial_ms[SIZES[-2]]
        yield f"from POST to end, a trial of so many: {times}; the last by the one before: {growth:.2f} x"
        path = f"/v1/jobs/{job_id}"
        looks = {
            "a page of 100 trials": f"{path}/trials?limit=100",
            "the best 100": f"{path}/trials?limit=100&order_by=value",
            "a trial": f"{path}/trials/{SIZES[-1] // 2}",
            "its trajectory": f"{path}/trials/{SIZES[-1] // 2}/trajectory",
            "the best curves": f"{path}/trajectories?top=10",
            "the importances": f"{path}/importances",
        }
        for what, address in looks.items():
            yield f"  {what}: {_median_ms(partial(_get, server, address)):.1f} ms (must: 100)"
        yield f"  memory of the API: {_api_mib(server):.0f} MiB (must: 300)"


def _get(server: Server, address: str) -> None:
    answer = server.http.get(address)
    assert answer.status_code == 200, (address, answer.text)


def _median_ms(action: Callable[[], None]) -> float:
    times = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        action()
        times.append(1e3 * (time.perf_counter() - begun))
    return median(times)


def _api_mib(server: Server) -> float:
    (pid,) = (pid for pid, command in server.family().items() if " api " in f"{command} ")
    (line,) = (
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024
