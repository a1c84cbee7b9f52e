"""The worker process: launches DBOS, starts the jobs that wait, and says that it lives."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dbos import DBOS, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.db.notifications import doorbell
from app.db.queries import workers
from app.db.worker_locks import Claim
from app.observability import tracing
from app.process.file_lock import sole_user
from app.services import job_runs, replays
from app.settings import Settings
from app.worker.jobs.replays import Replays
from app.worker.jobs.runner import Runner
from app.worker.metrics import WorkerMetrics, serve_metrics
from app.worker.pool.pool import Pool
from app.worker.pool.work_sharing import Fanout, Helpers
from app.worker.queue.dbos_config import dbos_config, worker_id
from app.worker.queue.garbage_collection import forget_ended
from app.worker.queue.heartbeat_monitor import LOOKS, Silence
from app.worker.queue.job_slots import Seats
from app.worker.queue.recovery import reconcile, take_over
from app.worker.queue.workflow import Tune, define_workflow, workflow_id

logger = logging.getLogger(__name__)

RECONCILE_S = 30.0
FORGOTTEN_AFTER = timedelta(hours=1)


def run_worker(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, and then ends the process. Raises InUse.

    What runs is neither finished nor taken back: the worker ends as if it were killed, which is the one
    way of ending that every test covers, and the next worker goes on at the last recorded step.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    tracing.configure(settings, "worker")
    with sole_user(settings, "worker"):
        status = 1
        try:
            db = Database(settings.database)
            chores = _launch(settings, db)
            bell = doorbell(db)
            while not stop.is_set():
                chores.do()
                bell.wait(settings.queue_poll_s, stop)
            chores.sign_off()
            status = 0
        except BaseException:
            logger.exception("the worker cannot go on")
        finally:
            # An orderly end of the interpreter would stop the threads of running jobs one by one, and these
            # would take that for a fault of the job.
            logging.shutdown()
            os._exit(status)


def _launch(settings: Settings, db: Database) -> Chores:
    """Starts the pool and DBOS, which goes on with what this worker ran before."""
    me = worker_id(settings)
    claim = None if settings.embedded else Claim(db, me)
    if claim is not None:
        claim.hold()  # before the launch: a peer must never see work of ours without it
    seats = Seats(settings.concurrent_jobs)
    pool = Pool(settings.pool_processes, max_attempts=settings.max_attempts)
    metrics = WorkerMetrics(seats.taken)
    if settings.worker_metrics_port is not None:
        serve_metrics(metrics, settings.worker_metrics_host, settings.worker_metrics_port)
    processes = settings.pool_processes
    runner = Runner(
        db,
        pool,
        max_failed_trials=settings.max_failed_trials,
        metrics=metrics,
        fanout=None if settings.embedded else Fanout(db, pool, processes=processes),
    )
    tune = define_workflow(runner, seats)
    DBOS(config=dbos_config(settings, me))
    DBOS.launch()
    if settings.embedded:
        replays.release(db)  # of the process before this one; nobody else works here
    logger.info("worker %s: ready, %d processes", me, settings.pool_processes)
    beside: list[Replays | Helpers] = [Replays(db, pool)]
    if not settings.embedded:
        beside.append(Helpers(db, pool, processes=processes, count=metrics.shard_lent))
    return Chores(db, tune, seats, me, claim, beside, beat_s=settings.worker_silence_s / LOOKS)


class Chores:
    """What a worker does beside running jobs, each thing as often as it needs."""

    def __init__(
        self,
        db: Database,
        tune: Tune,
        seats: Seats,
        me: str,
        claim: Claim | None,
        beside: Sequence[Replays | Helpers],
        *,
        beat_s: float,
    ) -> None:
        self._db = db
        self._tune = tune
        self._seats = seats
        self._me = me
        self._claim = claim
        self._beside = beside
        self._beat_s = beat_s
        self._silence = Silence()
        self._next_beat = 0.0
        self._next_reconcile = time.monotonic() + RECONCILE_S
        self._reachable = True

    def do(self) -> None:
        """Starts jobs, signs on, takes over; what the database does not answer is asked again next time."""
        now = time.monotonic()
        try:
            start_waiting(self._db, self._tune, self._seats)
            for work_beside in self._beside:
                work_beside.look()
            if now >= self._next_beat:
                self._next_beat = now + self._beat_s
                self._beat()
            if now >= self._next_reconcile:
                self._next_reconcile = now + RECONCILE_S
                reconcile(self._db)
                forget_ended()
        except SQLAlchemyError as error:
            if self._reachable:
                logger.error("worker %s: the database does not answer: %s", self._me, error)
            self._reachable = False
        else:
            if not self._reachable:
                logger.info("worker %s: the database answers again", self._me)
            self._reachable = True

    def sign_off(self) -> None:
        """Says that the worker stops."""
        try:
            with self._db.write() as session:
                workers.forget(session, self._me)
        except SQLAlchemyError as error:
            logger.error("worker %s: could not sign off: %s", self._me, error)

    def _beat(self) -> None:
        now = datetime.now(UTC)
        with self._db.write() as session:
            workers.beat(session, self._me, now)
            workers.forget_silent(session, now - FORGOTTEN_AFTER)
        if self._claim is not None and self._claim.hold():
            take_over(self._db, self._me, self._silence)


def start_waiting(db: Database, tune: Tune, seats: Seats) -> None:
    """Starts a workflow for as many waiting jobs as there are seats.

    A crash between the workflow and the mark on the job's row repeats the first without effect, here or on
    another worker: then the workflow belongs to this one, and goes the way of all that it ran.
    """
    with job_runs.claim(db, seats.free()) as pending:
        for item in pending:
            mine = workflow_id(item.job_id, item.run)
            seats.take(mine)
            with SetWorkflowID(mine):
                handle = DBOS.start_workflow(tune, item.job_id, item.run)
            status = handle.get_status()
            if status.status != "PENDING" or status.executor_id != DBOS.executor_id:
                seats.leave(mine)
