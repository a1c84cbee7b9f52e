"""Migrations lose no rows, in both directions."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from app.db import Database
from app.db.migrate import alembic_config, is_current
from app.domain.records import Configuration
from app.services import job_runs, jobs
from app.settings import Settings
from tests.support.make_spec import MakeSpec

ADAM = Configuration(optimizer={"kind": "adam"}, schedule={"kind": "constant"}, batch_size=None)


def test_a_downgrade_and_an_upgrade_keep_jobs_and_their_trials(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job_id = jobs.submit(db, settings, make_spec(name="kept")).id
    job_runs.start(db, job_id, 1)
    job_runs.open_round(db, job_id, 1, 0, range(2), [ADAM, ADAM])
    with db.engine.execution_options(immediate=True).begin() as connection:
        command.downgrade(alembic_config(connection), "0001")
        assert connection.execute(text("SELECT count(*) FROM trials")).scalar_one() == 2
        command.upgrade(alembic_config(connection), "head")
    assert is_current(db)
    assert jobs.get(db, job_id).name == "kept"
