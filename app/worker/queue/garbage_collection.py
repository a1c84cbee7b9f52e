"""Removal of ended workflows from the tables of DBOS, which keeps every workflow for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dbos import DBOS

# After a crash a workflow may be started a second time under its id. The second start has no effect as long
# as DBOS remembers the first. The crash and the second start are seconds apart.
RETENTION = timedelta(hours=1)
MAX_WORKFLOWS = 200  # removed in one call
ENDED_STATES = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def forget_ended(now: datetime | None = None) -> int:
    """Remove workflows that ended more than an hour ago, at most 200. Return the number removed."""
    before = (now or datetime.now(UTC)) - RETENTION
    ended = DBOS.list_workflows(
        status=ENDED_STATES,
        completed_before=before.isoformat(),
        limit=MAX_WORKFLOWS,
        load_input=False,
        load_output=False,
    )
    if ended:
        DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
    return len(ended)
