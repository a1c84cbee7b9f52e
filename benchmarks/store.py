"""What it costs to store a trial with its curve; Optuna's own storage beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import optuna
from sqlalchemy import make_url

from app.db import Database
from app.db.migrate import upgrade
from app.domain.records import TrialResult
from app.engine.trajectories.codec import decode
from app.services import job_runs, jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round

TRIALS = 64
ROUNDS = 9
REPORTS = 20  # that a user of Optuna makes in a trial

SPEC = JobSpec.model_validate(
    {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "budget": {"trials": TRIALS, "steps": 1000},
        "sampler": {"kind": "random"},
        "pruner": {"kind": "none"},
        "confirmation": None,
    }
)


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    results = _results()
    curves = [decode(result.trajectory) for result in results if result.trajectory]
    rows = sum(len(curve.step) for curve in curves)
    columns = 6 + (0 if curves[0].parameters is None else curves[0].parameters.shape[1])
    data = sum(len(result.trajectory or b"") for result in results)
    with tempfile.TemporaryDirectory() as folder:
        ours_ms, file_bytes = _ours(Path(folder), results)
        optuna_ms = _optuna(Path(folder), results)
    yield f"a trial with {rows // len(curves)} recorded steps x {columns} columns, {TRIALS} at a time, SQLite"
    yield f"time to store: {ours_ms:.2f} ms a trial (must: at most 2)"
    yield (
        f"size: {data / (rows * columns):.2f} bytes a stored value (must: at most 8);"
        f" the database file grows by {file_bytes / (rows * columns):.2f}, trial rows and indexes included"
    )
    yield (
        f"Optuna's RDB storage, {REPORTS} reports and no curve: {optuna_ms:.1f} ms a trial,"
        f" {optuna_ms / ours_ms:.0f} x ours"
    )


def _results() -> list[TrialResult]:
    numbers = Plan.of(SPEC).rounds.numbers(0)
    shards = shards_of_round(SPEC, 0, numbers, ask_round(Plan.of(SPEC), 0, []))
    return [result for shard in shards for result in evaluate(shard)][:TRIALS]


def _ours(folder: Path, results: list[TrialResult]) -> tuple[float, float]:
    """Return (median milliseconds a trial, bytes of the file for one job's trials)."""
    url = make_url(f"sqlite:///{folder / 'jobs.db'}")
    upgrade(url)
    db = Database(url)
    asked = ask_round(Plan.of(SPEC), 0, [])
    times, sizes = [], []
    for _ in range(ROUNDS):
        job = jobs.submit(db, Settings(), SPEC)
        job_runs.start(db, job.id, 1)
        before = _size(db, folder)
        begun = time.perf_counter()
        job_runs.open_round(db, job.id, 1, 0, Plan.of(SPEC).rounds.numbers(0), asked)
        job_runs.record_trials(db, job.id, 1, results, 0.5)
        times.append(1e3 * (time.perf_counter() - begun) / len(results))
        sizes.append(_size(db, folder) - before)
    db.close()
    return median(times), median(sizes)


def _size(db: Database, folder: Path) -> int:
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    return (folder / "jobs.db").stat().st_size


def _optuna(folder: Path, results: list[TrialResult]) -> float:
    """Return the median milliseconds a trial."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=f"sqlite:///{folder / 'optuna.db'}")
    times = []
    for result in results[:16]:
        begun = time.perf_counter()
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        for step in range(REPORTS):
            trial.report(float(step), step)
        study.tell(trial, replace(result, value=1.0).value)
        times.append(1e3 * (time.perf_counter() - begun))
    return median(times)
