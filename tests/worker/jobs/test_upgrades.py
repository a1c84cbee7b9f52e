"""Jobs that run during an upgrade continue after it, with the same results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from app.db import Database, migrate
from app.domain.states import JobState
from app.services import jobs, trials
from app.settings import Settings
from app.worker.jobs.runner import Runner
from tests.support.databases import Databases
from tests.support.in_process_worker import InThisProcess, run_job, run_stored_job
from tests.support.make_spec import MakeSpec

# The schema before this one, and two more; back to 0001 the jobs' table is made anew on SQLite, and takes
# the trials with it: only upgrades keep them.
EARLIER = [
    script.revision for script in ScriptDirectory.from_config(migrate.alembic_config()).walk_revisions()
][1:4]


def values(db: Database, job_id: str) -> list[dict[str, Any]]:
    """Return every trial without its times."""
    page = trials.list_trials(db, job_id, state=None, order_by="number", limit=500, page_token=None)
    times = {"created_at", "started_at", "finished_at"}
    return [trial.model_dump(mode="json", exclude=times) for trial in page.items]


@pytest.mark.parametrize("revision", EARLIER)
def test_a_running_job_of_an_earlier_schema_continues_after_the_upgrade(
    databases: Databases, tmp_path: Path, make_spec: MakeSpec, revision: str
) -> None:
    spec = make_spec(
        budget={"trials": 40, "steps": 5}, sampler={"kind": "tpe"}, pruner={"kind": "none"}, confirmation=None
    )
    settings = Settings(database_url=databases.migrated(tmp_path))
    db = Database(settings.database)
    undisturbed = run_job(db, settings, spec)
    running, queued = (jobs.submit(db, settings, spec).id for _ in range(2))
    runner = Runner(db, InThisProcess(), max_failed_trials=0)
    runner.start(running, 1)
    runner.search_round(running, 1, 0)
    with db.engine.execution_options(immediate=True).begin() as connection:
        command.downgrade(migrate.alembic_config(connection), revision)
    assert not migrate.is_current(db)
    migrate.upgrade(db.url)
    assert jobs.get(db, running).state == JobState.RUNNING
    assert 0 < len(values(db, running)) < len(values(db, undisturbed))
    for job_id in (running, queued):
        run_stored_job(db, job_id)
        assert jobs.get(db, job_id).state == JobState.SUCCEEDED
        assert values(db, job_id) == values(db, undisturbed)
    db.close()
