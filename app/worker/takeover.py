"""Takes up the work of workers that are gone; open-source DBOS leaves it to whoever bears their name."""

from __future__ import annotations

import logging

from dbos import DBOS, WorkflowStatus

from app.db import Database, locks
from app.services import work
from app.worker.queue import QUEUE

logger = logging.getLogger(__name__)

LIVING = ("ENQUEUED", "DELAYED", "PENDING")  # states of a workflow that goes on


def take_over(db: Database, me: str) -> None:
    """Enqueues anew every workflow that a dead worker was running.

    A worker is dead when the lock on its name is free. Should it be alive all the same, having lost its
    connection, two workers compute the same values for a while and store them once.
    """
    owners = {workflow.executor_id for workflow in _running()}
    for owner in sorted(owner for owner in owners if owner is not None and owner != me):
        with locks.if_dead(db, owner) as dead:
            # Listed again under the lock: a peer may have taken them over meanwhile.
            orphans = [workflow.workflow_id for workflow in _running(owner)] if dead else []
            if orphans:
                logger.warning("worker %s is gone; taking over %s", owner, ", ".join(orphans))
                DBOS.resume_workflows(orphans, queue_name=QUEUE)


def reconcile(db: Database) -> None:
    """Enqueues anew what lost its workflow: a queue's database that was lost, a workflow that gave up."""
    items = {f"{item.job_id}.{item.run}": item for item in work.on_queue(db)}
    if not items:
        return
    found = DBOS.list_workflows(workflow_ids=list(items), load_input=False, load_output=False)
    states = {workflow.workflow_id: workflow.status for workflow in found}
    for workflow_id, item in items.items():
        state = states.get(workflow_id)
        if state not in LIVING:
            logger.warning("job %s, run %d: its workflow is %s", item.job_id, item.run, state or "lost")
            work.enqueue_again(db, item, anew=state is not None)


def _running(owner: str | None = None) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        status="PENDING", queue_name=QUEUE, executor_id=owner, load_input=False, load_output=False
    )
