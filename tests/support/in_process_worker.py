"""Whole jobs on a store, without a queue and without processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.db import Database
from app.services import jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, evaluate
from app.worker.jobs.runner import Runner
from app.worker.pool.protocols import BatchSet, JobPriority, Outcome, ShardPool


class InThisProcess(ShardPool):
    """A `ShardPool` that evaluates shards in the thread of the test."""

    def open(self, job: JobPriority) -> BatchSet:
        return InTurn()

    def idle(self) -> int:
        return 0


class InTurn:
    """A `BatchSet` that evaluates a shard when its outcome is requested."""

    def __init__(self, evaluate: Callable[[Shard], Outcome] = evaluate) -> None:
        self._evaluate = evaluate
        self._waiting: list[tuple[int, Shard]] = []
        self._count = 0

    def add(self, shards: Sequence[Shard]) -> range:
        indices = range(self._count, self._count + len(shards))
        self._waiting += zip(indices, shards, strict=True)
        self._count = indices.stop
        return indices

    def next(self, go_on: Callable[[], bool]) -> tuple[int, Outcome]:
        i, shard = self._waiting.pop(0)
        return i, self._evaluate(shard)

    def close(self) -> None:
        self._waiting.clear()


def run_job(db: Database, settings: Settings, spec: JobSpec) -> str:
    """Run a job from its submission to its recommendation, and return its id."""
    job_id = jobs.submit(db, settings, spec).id
    run_stored_job(db, job_id)
    return job_id


def run_stored_job(db: Database, job_id: str) -> None:
    """Run a queued job to its recommendation."""
    run_with(Runner(db, InThisProcess(), max_failed_trials=0), job_id)


def run_with(runner: Runner, job_id: str) -> None:
    """Run a queued job to its recommendation by a runner."""
    for number in range(runner.start(job_id, 1)):
        if not runner.search_round(job_id, 1, number):
            break
    runner.answer(job_id, 1)
