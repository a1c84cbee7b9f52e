"""Recovery of the jobs of workers that are dead or frozen.

Open-source DBOS resumes a workflow only on a worker of the same name.
"""

from __future__ import annotations

import logging

from dbos import DBOS, WorkflowStatus

from app.db import Database, worker_locks
from app.db.queries import workers
from app.services import job_runs
from app.worker.queue.heartbeat_monitor import HeartbeatMonitor
from app.worker.queue.workflow import parse_workflow_id, workflow_id

logger = logging.getLogger(__name__)

ACTIVE_STATE = "PENDING"  # the state of a workflow that has not ended; the queues of DBOS are not used


def take_over(db: Database, me: str, monitor: HeartbeatMonitor) -> None:
    """Queue every job of a dead or frozen worker again.

    A worker is dead if the lock on its name is free, and frozen if it holds the lock without a new heartbeat.
    Such a worker may come back. Its writes to these jobs are refused, as the jobs continue under another run
    number.
    """
    owners = {workflow.executor_id for workflow in _active_workflows()}
    others = sorted(owner for owner in owners if owner is not None and owner != me)
    with db.read() as session:
        frozen = monitor.check(others, workers.heartbeats(session))
    for owner in others:
        with worker_locks.if_dead(db, owner) as dead:
            if not dead and owner not in frozen:
                continue
            # Listed again: another worker may have taken the workflows over meanwhile. The lock on a dead
            # worker's name excludes that from here on. A frozen worker keeps its lock; of two workers that
            # requeue a job of it, the second changes nothing.
            orphans = [workflow.workflow_id for workflow in _active_workflows(owner)]
            if orphans:
                what = "is gone" if dead else "gives no sign of life"
                logger.warning("worker %s %s; taking over %s", owner, what, ", ".join(orphans))
                _requeue(db, orphans)


def reconcile(db: Database) -> None:
    """Queue every job again whose workflow is lost: with DBOS's database, or because DBOS gave it up."""
    expected = [workflow_id(started.job_id, started.run) for started in job_runs.started(db)]
    if not expected:
        return
    workflows = DBOS.list_workflows(workflow_ids=expected, load_input=False, load_output=False)
    states = {workflow.workflow_id: workflow.status for workflow in workflows}
    lost = [name for name in expected if states.get(name) != ACTIVE_STATE]
    for name in lost:
        logger.warning("the workflow of job and run %s is %s", name, states.get(name, "lost"))
    _requeue(db, lost)


def _requeue(db: Database, lost: list[str]) -> None:
    """Queue the jobs of these workflows under a new run number, and cancel the workflows."""
    for name in lost:
        job_runs.start_anew(db, *parse_workflow_id(name))
    if lost:
        DBOS.cancel_workflows(lost)


def _active_workflows(owner: str | None = None) -> list[WorkflowStatus]:
    return DBOS.list_workflows(status=ACTIVE_STATE, executor_id=owner, load_input=False, load_output=False)
