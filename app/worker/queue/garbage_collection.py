"""Keeps DBOS's tables from growing without end: it never removes what has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dbos import DBOS

# A workflow is started again by its id after a crash, which has no effect only while DBOS remembers it. The
# crash and the second start are seconds apart.
KEPT_FOR = timedelta(hours=1)
AT_ONCE = 200
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def forget_ended(now: datetime | None = None) -> int:
    """Removes ended workflows from DBOS's database, at most 200; returns how many."""
    before = (now or datetime.now(UTC)) - KEPT_FOR
    found = DBOS.list_workflows(
        status=ENDED,
        completed_before=before.isoformat(),
        limit=AT_ONCE,
        load_input=False,
        load_output=False,
    )
    if found:
        DBOS.delete_workflows([workflow.workflow_id for workflow in found])
    return len(found)
