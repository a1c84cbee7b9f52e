"""The worker process: launches DBOS, enqueues what the outbox holds, and says that it lives."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from app.db import Database, workers
from app.db.locks import Claim
from app.services import work
from app.settings import Settings
from app.worker.pool import Pool
from app.worker.queue import LOWEST_PRIORITY, QUEUE, QUEUE_POLL_S, dbos_config, worker_id
from app.worker.runner import Runner
from app.worker.sole import sole_user
from app.worker.takeover import reconcile, take_over
from app.worker.workflow import Tune, define_workflow

logger = logging.getLogger(__name__)

HEARTBEAT_S = 3.0
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
    with sole_user(settings, "worker"):
        status = 1
        try:
            chores = _launch(settings)
            while not stop.is_set():
                chores.do()
                stop.wait(settings.queue_poll_s)
            chores.sign_off()
            status = 0
        except BaseException:
            logger.exception("the worker cannot go on")
        finally:
            # An orderly end of the interpreter would stop the threads of running jobs one by one, and these
            # would take that for a fault of the job.
            logging.shutdown()
            os._exit(status)


def _launch(settings: Settings) -> Chores:
    """Starts the pool and DBOS."""
    db = Database(settings.database)
    me = worker_id(settings)
    claim = None if settings.embedded else Claim(db, me)
    if claim is not None:
        claim.hold()  # before the launch: a peer must never see work of ours without it
    tune = define_workflow(Runner(db, Pool(settings.pool_processes)))
    DBOS(config=dbos_config(settings, me))
    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=settings.concurrent_jobs,
        polling_interval_sec=QUEUE_POLL_S,
        on_conflict="always_update",
    )
    logger.info("worker %s: ready, %d processes", me, settings.pool_processes)
    return Chores(db, tune, me, claim)


class Chores:
    """What a worker does beside running jobs, each thing as often as it needs."""

    def __init__(self, db: Database, tune: Tune, me: str, claim: Claim | None) -> None:
        self._db = db
        self._tune = tune
        self._me = me
        self._claim = claim
        self._next_beat = 0.0
        self._next_reconcile = time.monotonic() + RECONCILE_S
        self._reachable = True

    def do(self) -> None:
        """Enqueues, signs on, takes over; what the database does not answer is asked again next time."""
        now = time.monotonic()
        try:
            dispatch(self._db, self._tune)
            if now >= self._next_beat:
                self._next_beat = now + HEARTBEAT_S
                self._beat()
            if now >= self._next_reconcile:
                self._next_reconcile = now + RECONCILE_S
                reconcile(self._db)
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
            take_over(self._db, self._me)


def dispatch(db: Database, tune: Tune) -> None:
    """Enqueues the workflow of every queued row that has none.

    The workflow's id is that of the job and its run: a crash between the two writes repeats the first
    one without effect.
    """
    pending = work.outbox(db)
    for item in pending:
        with (
            SetWorkflowID(f"{item.job_id}.{item.run}"),
            SetEnqueueOptions(priority=LOWEST_PRIORITY - item.priority),
        ):
            DBOS.enqueue_workflow(QUEUE, tune, item.job_id, item.run)
    if pending:
        work.mark_enqueued(db, pending)
