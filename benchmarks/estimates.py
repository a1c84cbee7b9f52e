"""The estimate of a plan beside what one default job on each problem took: updates, seconds and bytes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from app.db import Database
from app.db.migrate import upgrade
from app.domain.records import TrialResult
from app.services import jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, evaluate
from app.worker.jobs.runner import Runner
from app.worker.pool.protocols import BatchSet, JobPriority
from benchmarks.advice.problems import PROBLEMS
from tests.support.in_process_worker import InThisProcess, InTurn, run_with


class Counting(InThisProcess):
    """A pool in this process that counts the updates of its runs."""

    def __init__(self) -> None:
        self.updates = 0

    def open(self, job: JobPriority) -> BatchSet:
        """Open a set of batches that are evaluated in turn."""
        return InTurn(self._evaluate)

    def _evaluate(self, shard: Shard) -> list[TrialResult]:
        results = evaluate(shard)
        self.updates += sum(result.steps_done for result in results) * len(shard.replicates)
        return results


def run() -> Iterator[str]:
    """Yield a line for each problem, then the range of each ratio."""
    yield "estimated / measured: default jobs with seed 0, one process, SQLite"
    ratios: dict[str, list[float]] = {}
    for problem in PROBLEMS:
        if problem.core:
            line = _ratios(problem.spec(0))
            for name, ratio in line.items():
                ratios.setdefault(name, []).append(ratio)
            yield f"{problem.name:24} " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in line.items())
    for name, found in ratios.items():
        yield f"{name}: {min(found):.2f} to {max(found):.2f}"


def _ratios(spec: JobSpec) -> dict[str, float]:
    """Run a job, and return its estimate over what it took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.db"
        url = make_url(f"sqlite:///{path}")
        upgrade(url)
        before, db, pool = path.stat().st_size, Database(url), Counting()
        begun = time.process_time()
        job = jobs.submit(db, Settings(), spec)
        run_with(Runner(db, pool, max_failed_trials=0), job.id)
        seconds = time.process_time() - begun
        db.close()  # which empties the write-ahead log into the file
        stored = path.stat().st_size - before
    assert job.estimate is not None
    return {
        "updates": job.estimate.runs * spec.budget.steps / pool.updates,
        "seconds": job.estimate.seconds_on_one_core / seconds,
        "bytes": job.estimate.bytes_stored / stored,
    }
