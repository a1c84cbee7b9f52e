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
from app.worker.takeover import take_over
from app.worker.workflow import Tune, define_workflow

logger = logging.getLogger(__name__)

HEARTBEAT_S = 3.0
FORGOTTEN_AFTER = timedelta(hours=1)


def run_worker(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, and then ends the process.

    What runs is neither finished nor taken back: the worker ends as if it were killed, which is the one
    way of ending that every test covers, and the next worker goes on at the last recorded step.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    db = Database(settings.database)
    pool = Pool(settings.pool_processes)
    tune = define_workflow(Runner(db, pool))
    me = worker_id(settings)
    claim = None if settings.embedded else Claim(db, me)
    if claim is not None:
        claim.hold()  # before the launch: a peer must never see work of ours without it
    DBOS(config=dbos_config(settings, me))
    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=settings.concurrent_jobs,
        polling_interval_sec=QUEUE_POLL_S,
        on_conflict="always_update",
    )
    logger.info("worker %s: ready, %d processes", me, settings.pool_processes)
    work_until(stop, settings, db, tune, me, claim)
    _sign_off(db, me)
    logging.shutdown()
    os._exit(0)


def work_until(
    stop: threading.Event, settings: Settings, db: Database, tune: Tune, me: str, claim: Claim | None
) -> None:
    """Enqueues, signs on and takes over, again and again; a database that does not answer is asked again."""
    next_beat = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() >= next_beat:
                now = datetime.now(UTC)
                with db.write() as session:
                    workers.beat(session, me, now)
                    workers.forget_silent(session, now - FORGOTTEN_AFTER)
                if claim is not None:
                    claim.hold()
                    take_over(db, me)
                next_beat = time.monotonic() + HEARTBEAT_S
            dispatch(db, tune)
        except SQLAlchemyError:
            logger.exception("worker %s: the database does not answer", me)
        stop.wait(settings.queue_poll_s)


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


def _sign_off(db: Database, me: str) -> None:
    try:
        with db.write() as session:
            workers.forget(session, me)
    except SQLAlchemyError:
        logger.exception("worker %s: could not sign off", me)
