"""Takes up the work of workers that are gone; open-source DBOS leaves it to whoever bears their name."""

from __future__ import annotations

import logging

from dbos import DBOS, WorkflowStatus

from app.db import Database, locks
from app.services import work
from app.worker.workflow import run_of, workflow_id

logger = logging.getLogger(__name__)

LIVING = "PENDING"  # the state of a workflow that goes on: we put none on DBOS's queues


def take_over(db: Database, me: str) -> None:
    """Lets every job that a dead worker was running wait for a living one.

    A worker is dead when the lock on its name is free. Should it be alive all the same, having lost its
    connection, nothing that it stores counts any more.
    """
    owners = {workflow.executor_id for workflow in _running()}
    for owner in sorted(owner for owner in owners if owner is not None and owner != me):
        with locks.if_dead(db, owner) as dead:
            # Listed again under the lock: a peer may have taken them over meanwhile.
            orphans = [workflow.workflow_id for workflow in _running(owner)] if dead else []
            if orphans:
                logger.warning("worker %s is gone; taking over %s", owner, ", ".join(orphans))
                _replace(db, orphans)


def reconcile(db: Database) -> None:
    """Starts anew what lost its workflow: DBOS's database was lost, or DBOS gave it up."""
    runs = {workflow_id(item.job_id, item.run): item for item in work.started(db)}
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
        work.start_anew(db, *run_of(own))
    if lost:
        DBOS.cancel_workflows(lost)


def _running(owner: str | None = None) -> list[WorkflowStatus]:
    return DBOS.list_workflows(status=LIVING, executor_id=owner, load_input=False, load_output=False)
