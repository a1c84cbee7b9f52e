"""A job as a durable workflow: rounds of ask, evaluate and record, then the race, then the answer.

Every step may run twice, after a crash. What it asks for is a pure function of the stored trials, and
what it stores is written once, so that the job ends with the values of an undisturbed one. A step that
loses the database waits for it and runs again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypedDict

from dbos import DBOS
from sqlalchemy.exc import DBAPIError

from app.db.transient_errors import is_passing
from app.errors import AppError
from app.observability import log_context, tracing
from app.services import job_runs
from app.services.job_runs import Interrupted
from app.spec.resources.answers import Problem
from app.worker.jobs.runner import Runner
from app.worker.jobs.search import TooManyFailed
from app.worker.pool.pool import ShardLost
from app.worker.queue.dbos_config import MAX_RECOVERIES
from app.worker.queue.job_slots import Seats

logger = logging.getLogger(__name__)

GO_ON, STOP = "go on", "stop"

Tune = Callable[[str, int], None]

DATABASE_RETRY_S = 1.0
DATABASE_RETRIES = 3_600  # an hour without the database; then the job fails and says so


class _Retries(TypedDict):
    retries_allowed: bool
    interval_seconds: float
    backoff_rate: float
    max_attempts: int
    should_retry: Callable[[BaseException], bool]


RETRIES = _Retries(
    retries_allowed=True,
    interval_seconds=DATABASE_RETRY_S,
    backoff_rate=1.0,
    max_attempts=DATABASE_RETRIES,
    should_retry=is_passing,
)


def _public(error: Exception) -> str:
    """What a client is told of a fault; a statement of SQL and its parameters are not for clients."""
    if isinstance(error, (ShardLost, TooManyFailed)):
        return str(error)
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    return f"{type(error).__name__}: {text}; the worker's log has more, look for the job's id."


def workflow_id(job_id: str, run: int) -> str:
    """That of one run of a job: DBOS starts no id twice."""
    return f"{job_id}.{run}"


def run_of(workflow_id: str) -> tuple[str, int]:
    """The job and the run that a workflow is for."""
    job_id, run = workflow_id.rsplit(".", 1)
    return job_id, int(run)


def define_workflow(runner: Runner, seats: Seats) -> Tune:
    """Registers the workflow with DBOS, once in a process, before it is launched."""

    @DBOS.step(name="start", **RETRIES)
    def start(job_id: str, run: int) -> int:
        with tracing.span("start", job_id=job_id, run=run):
            return runner.start(job_id, run)

    @DBOS.step(name="round", **RETRIES)
    def search_round(job_id: str, run: int, number: int) -> str:
        with tracing.span("round", job_id=job_id, run=run, round=number):
            return GO_ON if runner.search_round(job_id, run, number) else STOP

    @DBOS.step(name="answer", **RETRIES)
    def answer(job_id: str, run: int) -> None:
        with tracing.span("answer", job_id=job_id, run=run):
            runner.answer(job_id, run)

    @DBOS.step(name="fail", **RETRIES)
    def fail(job_id: str, run: int, detail: str) -> None:
        problem = Problem(
            type=f"/problems/{AppError.slug}", title=AppError.title, status=AppError.status, detail=detail
        )
        job_runs.fail(runner.db, job_id, run, problem)

    @DBOS.workflow(name="tune", max_recovery_attempts=MAX_RECOVERIES)
    def tune(job_id: str, run: int) -> None:
        mine = workflow_id(job_id, run)
        seats.take(mine)
        try:
            with log_context.bound(job_id=job_id, run=run):
                work_on(job_id, run)
        finally:
            seats.leave(mine)

    def work_on(job_id: str, run: int) -> None:
        try:
            for number in range(start(job_id, run)):
                # What ends a search is read inside the recorded step: a resumed job takes the old answer.
                if search_round(job_id, run, number) == STOP:
                    break
            answer(job_id, run)
        except Interrupted:
            logger.info("stopped")
        except Exception as error:
            if is_passing(error):
                # Not of a step, which would have waited: DBOS could not record one.
                logger.error("the queue's database failed, the job starts anew: %s", error)
                start_anew(job_id, run)
                return
            logger.exception("failed")
            try:
                fail(job_id, run, _public(error))
            except Interrupted:
                logger.info("stopped")

    def start_anew(job_id: str, run: int) -> None:
        """As soon as the database answers; should this process end before, the next one recovers the run."""
        while True:
            try:
                return job_runs.start_anew(runner.db, job_id, run)
            except DBAPIError as error:
                if not is_passing(error):
                    raise
                time.sleep(DATABASE_RETRY_S)

    return tune
