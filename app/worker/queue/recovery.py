"""Takes up the work of workers that are gone or frozen; open-source DBOS leaves it to their namesakes."""

from __future__ import annotations

import logging

from dbos import DBOS, WorkflowStatus

from app.db import Database, worker_locks
from app.db.queries import workers
from app.services import job_runs
from app.worker.queue.heartbeat_monitor import Silence
from app.worker.queue.workflow import run_of, workflow_id

logger = logging.getLogger(__name__)

LIVING = "PENDING"  # the state of a workflow that goes on: we put none on DBOS's queues


def take_over(db: Database, me: str, silence: Silence) -> None:
    """Lets every job that a dead or frozen worker was running wait for a living one.

    A worker is dead when the lock on its name is free, and frozen when it holds the lock and gives no sign of
    life. Should it live all the same, or thaw, nothing counts any more that it stores of these jobs: they go
    on under another run number.
    """
    owners = {workflow.executor_id for workflow in _running()}
    others = sorted(owner for owner in owners if owner is not None and owner != me)
    with db.read() as session:
        silent = silence.look(others, workers.signs_of_life(session))
    for owner in others:
        with worker_locks.if_dead(db, owner) as dead:
            if not dead and owner not in silent:
                continue
            # Listed again: a peer may have taken them over meanwhile. Under the lock it cannot any more; of a
            # frozen worker nobody has the lock, and the second to start a job anew changes nothing.
            orphans = [workflow.workflow_id for workflow in _running(owner)]
            if orphans:
                what = "is gone" if dead else "gives no sign of life"
                logger.warning("worker %s %s; taking over %s", owner, what, ", ".join(orphans))
                _replace(db, orphans)


def reconcile(db: Database) -> None:
    """Starts anew what lost its workflow: DBOS's database was lost, or DBOS gave it up."""
    runs = {workflow_id(item.job_id, item.run): item for item in job_runs.started(db)}
    if not runs:
        return
    found = DBOS.list_workflows(workflow_ids=list(runs), load_input=False, load_output=False)
    states = {workflow.workflow_id: workflow.status for workflow in found}
    lost = [own for own in runs if states.get(own) != LIVING]
    for own in lost:
        logger.warning("the workflow of job and run %s is %s", own, states.get(own, "lost"))
    _replace(db, lost)


def _replace(db: Database, lost: list[str]) -> None:
    """A new run for each; of the old one nothing more is stored, and DBOS forgets it."""
    for own in lost:
        job_runs.start_anew(db, *run_of(own))
    if lost:
        DBOS.cancel_workflows(lost)


def _running(owner: str | None = None) -> list[WorkflowStatus]:
    return DBOS.list_workflows(status=LIVING, executor_id=owner, load_input=False, load_output=False)
