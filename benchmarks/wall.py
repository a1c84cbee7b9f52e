"""A digits job's wall time beside its engine time, and beside Optuna with PyTorch."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TypeVar

import httpx2
from sqlalchemy import make_url

from app.db import Database
from app.db.migrate import upgrade
from app.domain.records import Configuration, TrialResult
from app.services import job_runs, jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from benchmarks import peers
from tests.support.server import Json, Server, free_port

T = TypeVar("T")

ROUNDS = 5
PROCESSES = 2
PEER_TRIALS = 8  # of the 64 that are run with PyTorch; the time is scaled


def digits(steps: int) -> Json:
    """Return the digits job with random search and no race, so that its time is that of trials."""
    return {
        "objective": {
            "kind": "classification",
            "dataset": "digits",
            "model": {"kind": "mlp", "hidden": [64]},
        },
        "search_space": {
            "optimizers": [{"kind": "adam"}],
            "schedules": [{"kind": "constant"}],
            "batch_size": 128,
        },
        "budget": {"trials": 64, "steps": steps},
        "sampler": {"kind": "random"},
        "pruner": {"kind": "none"},
        "confirmation": None,
    }


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    yield from _default_job()
    spec = JobSpec.model_validate(digits(500))
    asked, ask_s = _timed(lambda: ask_round(Plan.of(spec), 0, []))
    engine = [_timed(lambda: _evaluate(spec, asked)) for _ in range(ROUNDS)]
    engine_s = median(seconds for _, seconds in engine)
    store_s = _store_s(spec, asked, engine[0][0])
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder), "--pool-processes", str(PROCESSES)) as server,
    ):
        wall_s = median(_wall_s(server, digits(500) | {"seed": seed}) for seed in range(ROUNDS))
        short_s = median(_wall_s(server, digits(200) | {"seed": seed}) for seed in range(ROUNDS))
    bound = engine_s / PROCESSES
    rest = wall_s - bound - ask_s - store_s
    yield (
        f"digits, 64 trials x 500 steps, {wall_s:.2f} s from POST on; engine {engine_s:.2f} s,"
        f" over {PROCESSES} processes {bound:.2f} s: {wall_s / bound:.2f} x (must: 1.6)"
    )
    yield f"  of the rest: ask {ask_s:.3f} s, store {store_s:.3f} s, queue and processes {rest:.2f} s"
    sample_s = peers.study_s("benchmarks.torch_digits", PEER_TRIALS, 200)
    if sample_s is None:
        yield f"PyTorch is {peers.HOW}"
        return
    peer_s = sample_s * 64 / PEER_TRIALS
    yield (
        f"64 trials x 200 steps: {short_s:.2f} s; an Optuna study on SQLite with PyTorch"
        f" {peer_s:.1f} s ({PEER_TRIALS} run, scaled): {peer_s / short_s:.0f} x (must: 8)"
    )


def _default_job() -> Iterator[str]:
    """Return the time of 256 trials with default sampler and pruner, beside the pool's work."""
    spec = digits(500) | {"search_space": {}, "budget": {"trials": 256, "steps": 500}}
    del spec["sampler"], spec["pruner"]
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(
            Path(folder),
            "--pool-processes",
            str(PROCESSES),
            environment={"STEPSIZE_WORKER_METRICS_PORT": str(port)},
        ) as server,
    ):
        _wall_s(server, digits(20))
        ratios, walls = [], []
        for seed in range(3):
            before = _engine_s(port)
            walls.append(_wall_s(server, spec | {"seed": seed}))
            ratios.append(walls[-1] * PROCESSES / (_engine_s(port) - before))
    yield (
        f"digits, 256 trials x 500 steps, as it comes, no race: {median(walls):.2f} s from POST on,"
        f" {median(ratios):.2f} x the engine's time over {PROCESSES} processes (must: 1.25)"
    )


def _engine_s(port: int) -> float:
    """Return the seconds that the pool has spent in batches, by the worker's own count."""
    text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    return float(text.split('stepsize_worker_seconds_total{work="engine"} ')[1].split()[0])


def _timed(action: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    return action(), time.perf_counter() - begun


def _evaluate(spec: JobSpec, asked: list[Configuration]) -> list[TrialResult]:
    shards = shards_of_round(spec, 0, Plan.of(spec).rounds.numbers(0), asked)
    return [result for shard in shards for result in evaluate(shard)]


def _store_s(spec: JobSpec, asked: list[Configuration], results: list[TrialResult]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        url = make_url(f"sqlite:///{folder}/jobs.db")
        upgrade(url)
        db = Database(url)
        job = jobs.submit(db, Settings(), spec)
        job_runs.start(db, job.id, 1)
        begun = time.perf_counter()
        job_runs.open_round(db, job.id, 1, 0, Plan.of(spec).rounds.numbers(0), asked)
        job_runs.record_trials(db, job.id, 1, results, 1.0)
        seconds = time.perf_counter() - begun
        db.close()
    return seconds


def _wall_s(server: Server, spec: Json) -> float:
    begun = time.perf_counter()
    server.wait(server.submit(spec), within_s=300)
    return time.perf_counter() - begun
