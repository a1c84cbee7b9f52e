"""The worker process: launches DBOS, starts waiting jobs, and stores its heartbeat."""

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
from app.db.notifications import notification_listener
from app.db.queries import workers
from app.db.worker_locks import WorkerLock
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
from app.worker.queue.heartbeat_monitor import MISSED_CHECKS, HeartbeatMonitor
from app.worker.queue.job_slots import JobSlots
from app.worker.queue.recovery import ACTIVE_STATE, reconcile, take_over
from app.worker.queue.workflow import Tune, define_workflow, workflow_id

logger = logging.getLogger(__name__)

RECONCILE_S = 30.0  # seconds between two searches for lost workflows
WORKER_RETENTION = timedelta(hours=1)  # age of the last heartbeat from which a worker is removed


def run_worker(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT, then end the process. Raises InUse.

    Running jobs are neither finished nor withdrawn. The worker ends as if it were killed: every test covers
    that way of ending. The next worker resumes at the last recorded step.
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
            listener = notification_listener(db)
            while not stop.is_set():
                chores.do()
                listener.wait(settings.queue_poll_s, stop)
            chores.sign_off()
            status = 0
        except BaseException:
            logger.exception("the worker cannot go on")
        finally:
            # An orderly end of the interpreter would stop the threads of running jobs one by one, and their
            # jobs would fail with the resulting errors.
            logging.shutdown()
            os._exit(status)


def _launch(settings: Settings, db: Database) -> Chores:
    """Start the pool and DBOS, which resumes the jobs that a worker of this name ran before."""
    me = worker_id(settings)
    lock = None if settings.embedded else WorkerLock(db, me)
    if lock is not None:
        lock.hold()  # before the launch: other workers would take over jobs of a worker without a lock
    job_slots = JobSlots(settings.concurrent_jobs)
    pool = Pool(settings.pool_processes, max_attempts=settings.max_attempts)
    metrics = WorkerMetrics(job_slots.reserved)
    if settings.worker_metrics_port is not None:
        serve_metrics(metrics, settings.worker_metrics_host, settings.worker_metrics_port)
    processes = settings.pool_processes
    silence_s = settings.worker_silence_s
    fanout = None if settings.embedded else Fanout(db, pool, processes=processes, silence_s=silence_s)
    runner = Runner(
        db,
        pool,
        max_failed_trials=settings.max_failed_trials,
        metrics=metrics,
        fanout=fanout,
    )
    tune = define_workflow(runner, job_slots)
    DBOS(config=dbos_config(settings, me))
    DBOS.launch()
    if settings.embedded:
        replays.release(db)  # leases of an earlier process; no other worker exists
    logger.info("worker %s: ready, %d processes", me, settings.pool_processes)
    side_work: list[Replays | Helpers] = [Replays(db, pool)]
    if not settings.embedded:
        side_work.append(Helpers(db, pool, processes=processes, count=metrics.shard_lent))
    return Chores(db, tune, job_slots, me, lock, side_work, heartbeat_s=silence_s / MISSED_CHECKS)


class Chores:
    """The periodic tasks of a worker: start jobs, store the heartbeat, take over the jobs of dead workers.

    me: the name of this worker. lock: None for the embedded worker, which no other worker can replace.
    side_work: work other than jobs, polled as often as jobs. heartbeat_s: seconds between heartbeats.
    """

    def __init__(
        self,
        db: Database,
        tune: Tune,
        job_slots: JobSlots,
        me: str,
        lock: WorkerLock | None,
        side_work: Sequence[Replays | Helpers],
        *,
        heartbeat_s: float,
    ) -> None:
        self._db = db
        self._tune = tune
        self._job_slots = job_slots
        self._me = me
        self._lock = lock
        self._side_work = side_work
        self._heartbeat_s = heartbeat_s
        self._monitor = HeartbeatMonitor()
        self._next_heartbeat = 0.0
        self._next_reconcile = time.monotonic() + RECONCILE_S
        self._reachable = True

    def do(self) -> None:
        """Run each task that is due. If the database does not answer, log that and try again next time."""
        now = time.monotonic()
        try:
            start_waiting(self._db, self._tune, self._job_slots)
            for side_work in self._side_work:
                side_work.look()
            if now >= self._next_heartbeat:
                self._next_heartbeat = now + self._heartbeat_s
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
        """Remove the row of this worker, which stops."""
        try:
            with self._db.write() as session:
                workers.forget(session, self._me)
        except SQLAlchemyError as error:
            logger.error("worker %s: could not sign off: %s", self._me, error)

    def _beat(self) -> None:
        """Store the heartbeat; take over jobs only with the lock held, so that no worker takes over ours."""
        now = datetime.now(UTC)
        with self._db.write() as session:
            workers.beat(session, self._me, now)
            workers.forget_silent(session, now - WORKER_RETENTION)
        if self._lock is not None and self._lock.hold():
            take_over(self._db, self._me, self._monitor)


def start_waiting(db: Database, tune: Tune, job_slots: JobSlots) -> None:
    """Start a workflow for as many waiting jobs as there are free slots.

    A crash may come between the start of the workflow and the mark on the job's row. The workflow is then
    started a second time, here or on another worker, which has no effect: the workflow still belongs to the
    worker that crashed, and is recovered with that worker's other workflows.
    """
    with job_runs.claim(db, job_slots.free()) as pending:
        for job in pending:
            name = workflow_id(job.job_id, job.run)
            job_slots.reserve(name)
            with SetWorkflowID(name):
                handle = DBOS.start_workflow(tune, job.job_id, job.run)
            status = handle.get_status()
            if status.status != ACTIVE_STATE or status.executor_id != DBOS.executor_id:
                job_slots.release(name)
