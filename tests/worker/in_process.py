"""Whole jobs on a store, without a queue and without processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.db import Database
from app.services import jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluate import Shard, evaluate
from app.worker.pool import Line, Pool, Results
from app.worker.runner import Runner


class InThisProcess(Pool):
    """Evaluates shards where the test runs."""

    def __init__(self) -> None:
        pass

    def run(
        self, line: Line, shards: Sequence[Shard], go_on: Callable[[], bool]
    ) -> Iterator[tuple[int, Results]]:
        yield from ((i, evaluate(shard)) for i, shard in enumerate(shards))


def run_job(db: Database, settings: Settings, spec: JobSpec) -> str:
    """From the submission to the recommendation; the job's id."""
    job_id = jobs.submit(db, settings, spec).id
    run_stored_job(db, job_id)
    return job_id


def run_stored_job(db: Database, job_id: str) -> None:
    """The same of a job that waits."""
    runner = Runner(db, InThisProcess(), max_failed_trials=0)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    runner.answer(job_id, 1)
