"""A job as a durable workflow: rounds of ask, evaluate and record, then the race, then the answer.

Every step may run twice, after a crash. The requests of a step are a pure function of the stored trials, and
each result is stored once: the job ends with the values of an undisturbed one. A step that loses the database
waits for it and runs again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from dbos import DBOS
from sqlalchemy.exc import DBAPIError

from app.db import Database
from app.db.transient_errors import is_transient
from app.errors import AppError
from app.observability import log_context, tracing
from app.services import job_runs
from app.services.job_runs import Interrupted
from app.spec.resources.answers import Problem
from app.worker.jobs.runner import Runner
from app.worker.jobs.search import TooManyFailed
from app.worker.pool.protocols import ShardLost
from app.worker.queue.dbos_config import MAX_RECOVERIES
from app.worker.queue.job_slots import JobSlots

logger = logging.getLogger(__name__)

GO_ON, STOP = "go on", "stop"  # what the step of a round stores: whether another round may follow

Tune = Callable[[str, int], None]

DATABASE_RETRY_S = 1.0  # seconds between two attempts
DATABASE_RETRIES = 3_600  # attempts: an hour without the database; then the job fails with the error


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
    should_retry=is_transient,
)


def workflow_id(job_id: str, run_number: int) -> str:
    """Return the id of the workflow of one run of a job; DBOS starts each id at most once."""
    return f"{job_id}.{run_number}"


def parse_workflow_id(workflow_id: str) -> tuple[str, int]:
    """Return the job and the run number that a workflow belongs to."""
    job_id, run_number = workflow_id.rsplit(".", 1)
    return job_id, int(run_number)


def define_workflow(runner: Runner, job_slots: JobSlots) -> Tune:
    """Register the workflow and its steps with DBOS: once in a process, before DBOS is launched."""
    steps = _define_steps(runner)

    @DBOS.workflow(name="tune", max_recovery_attempts=MAX_RECOVERIES)
    def tune(job_id: str, run: int) -> None:
        name = workflow_id(job_id, run)
        job_slots.reserve(name)
        try:
            with log_context.bound(job_id=job_id, run=run):
                _tune(runner.db, steps, job_id, run)
        finally:
            job_slots.release(name)

    return tune


@dataclass(frozen=True)
class _Steps:
    """The steps of the workflow, each recorded by DBOS with its result."""

    start: Callable[[str, int], int]
    search_round: Callable[[str, int, int], str]
    answer: Callable[[str, int], None]
    fail: Callable[[str, int, str], None]


def _define_steps(runner: Runner) -> _Steps:
    """Register the steps with DBOS."""

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

    return _Steps(start, search_round, answer, fail)


def _tune(db: Database, steps: _Steps, job_id: str, run_number: int) -> None:
    """Run the steps of a job. Fail the job on an error, or queue it again if the queue's database failed."""
    try:
        _search_and_answer(steps, job_id, run_number)
    except Interrupted:
        logger.info("stopped")
    except Exception as error:
        if is_transient(error):
            # Not the error of a step, which would have waited: DBOS could not record a step.
            logger.error("the queue's database failed, the job starts anew: %s", error)
            _start_anew(db, job_id, run_number)
            return
        logger.exception("failed")
        try:
            steps.fail(job_id, run_number, _public(error))
        except Interrupted:
            logger.info("stopped")


def _search_and_answer(steps: _Steps, job_id: str, run_number: int) -> None:
    for number in range(steps.start(job_id, run_number)):
        # The recorded step reads what ends a search, so that a resumed job gets the recorded answer.
        if steps.search_round(job_id, run_number, number) == STOP:
            break
    steps.answer(job_id, run_number)


def _start_anew(db: Database, job_id: str, run_number: int) -> None:
    """Queue the job again as soon as the database answers.

    If this process ends before that, the next one recovers the run.
    """
    while True:
        try:
            return job_runs.start_anew(db, job_id, run_number)
        except DBAPIError as error:
            if not is_transient(error):
                raise
            time.sleep(DATABASE_RETRY_S)


def _public(error: Exception) -> str:
    """Return the detail of an error for clients, without SQL statements and their parameters."""
    if isinstance(error, (ShardLost, TooManyFailed)):
        return str(error)
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    return f"{type(error).__name__}: {text}; the worker's log has more, look for the job's id."
