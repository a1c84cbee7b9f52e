"""The tables of DBOS: workflows that ended long ago are removed, running ones are not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dbos import DBOS, SetWorkflowID

from app.settings import Settings
from app.worker.queue.dbos_config import dbos_config
from app.worker.queue.garbage_collection import RETENTION, forget_ended

pytestmark = pytest.mark.slow


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[threading.Event]:
    """Run DBOS with a workflow that has ended and one that waits for the yielded event."""
    go_on = threading.Event()

    @DBOS.workflow(name="wait_for_event")
    def wait_for_event(wait: bool) -> None:
        if wait:
            go_on.wait(30)

    settings = Settings(database_url=f"sqlite:///{tmp_path / 'jobs.db'}")
    DBOS(config=dbos_config(settings, "embedded"))
    DBOS.launch()
    try:
        with SetWorkflowID("ended"):
            DBOS.start_workflow(wait_for_event, False).get_result()
        with SetWorkflowID("living"):
            DBOS.start_workflow(wait_for_event, True)
        yield go_on
    finally:
        go_on.set()
        DBOS.destroy(destroy_registry=True)


def test_ended_workflows_are_forgotten_after_an_hour(queue: threading.Event) -> None:
    assert forget_ended() == 0
    later = datetime.now(UTC) + RETENTION + timedelta(seconds=5)
    assert forget_ended(later) == 1
    assert [workflow.workflow_id for workflow in DBOS.list_workflows()] == ["living"]
    assert forget_ended(later) == 0
