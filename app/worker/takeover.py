"""Takes up the work of workers that are gone; open-source DBOS leaves it to whoever bears their name."""

from __future__ import annotations

import logging
from collections import defaultdict

from dbos import DBOS

from app.db import Database, locks
from app.worker.queue import QUEUE

logger = logging.getLogger(__name__)


def take_over(db: Database, me: str) -> None:
    """Enqueues anew every workflow that a dead worker was running.

    A worker is dead when the lock on its name is free. Should it be alive all the same, having lost its
    connection, two workers compute the same values for a while and store them once.
    """
    orphans: dict[str, list[str]] = defaultdict(list)
    for workflow in DBOS.list_workflows(
        status="PENDING", queue_name=QUEUE, load_input=False, load_output=False
    ):
        if workflow.executor_id is not None and workflow.executor_id != me:
            orphans[workflow.executor_id].append(workflow.workflow_id)
    for owner, workflows in orphans.items():
        with locks.if_dead(db, owner) as dead:
            if dead:
                logger.warning("worker %s is gone; taking over %s", owner, ", ".join(workflows))
                DBOS.resume_workflows(workflows, queue_name=QUEUE)
