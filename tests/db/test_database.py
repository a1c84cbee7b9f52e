"""Connections, transactions and migrations."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, make_url, text
from sqlalchemy.exc import IntegrityError

from app.db import Database, migrate
from app.db.queries import jobs
from app.db.tables import Base, JobRow, TrialRow
from app.settings import Settings
from tests.support.databases import Databases, SqliteFiles


def job_row(job_id: str = "job_1", **columns: object) -> JobRow:
    given = {"name": "n", "state": "queued", "spec": {}, "priority": 0, "trials_total": 1}
    return JobRow(id=job_id, created_at=datetime.now(UTC), **(given | columns))


def test_migrations_build_the_tables_that_the_code_declares(db: Database) -> None:
    with db.engine.begin() as connection:
        command.check(migrate.alembic_config(connection))
    assert set(Base.metadata.tables) < set(inspect(db.engine).get_table_names())


def test_a_second_migration_changes_nothing_and_keeps_the_rows(db: Database) -> None:
    with db.write() as session:
        jobs.insert(session, job_row())
    migrate.upgrade(db.url)
    with db.read() as session:
        assert jobs.find(session, "job_1") is not None
    assert migrate.is_current(db)


def test_an_empty_database_is_not_current(databases: Databases, tmp_path: Path) -> None:
    empty = Database(Settings(database_url=databases.empty(tmp_path)).database)
    assert not migrate.is_current(empty)
    empty.close()


def test_migrations_can_be_taken_back(databases: Databases, tmp_path: Path) -> None:
    database = Database(Settings(database_url=databases.migrated(tmp_path)).database)
    with database.engine.begin() as connection:
        command.downgrade(migrate.alembic_config(connection), "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.close()


def test_migrations_are_found_from_any_working_directory(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty(tmp_path)
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-m", "app", "migrate", "--database-url", url],
        cwd=tmp_path,
        check=True,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
    )
    database = Database(Settings(database_url=url).database)
    assert migrate.is_current(database)
    database.close()


def test_sqlite_runs_with_a_write_ahead_log_and_foreign_keys(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    database = Database(make_url(sqlite_files.migrated(tmp_path)))
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
    database.close()


def test_a_failed_transaction_stores_nothing(db: Database) -> None:
    def fail_after_insert() -> None:
        with db.write() as session:
            jobs.insert(session, job_row())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_insert()
    with db.read() as session:
        assert jobs.find(session, "job_1") is None


def test_a_trial_needs_its_job(db: Database) -> None:
    orphan = TrialRow(
        job_key=99, number=0, round=0, state="running", optimizer={}, schedule={}, params={}, seed=0,
        steps_done=0, created_at=datetime.now(UTC),
    )  # fmt: skip
    with pytest.raises(IntegrityError), db.write() as session:
        session.add(orphan)


def test_writers_wait_for_each_other_instead_of_failing(db: Database) -> None:
    with db.write() as session:
        jobs.insert(session, job_row(trials_total=0))
    errors: list[Exception] = []

    def count_up() -> None:
        try:
            for _ in range(20):
                with db.write() as session:
                    row = jobs.find(session, "job_1", lock=True)
                    assert row is not None
                    row.trials_total += 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with db.read() as session:
        row = jobs.find(session, "job_1")
        assert row is not None
        assert row.trials_total == 80


def test_a_time_keeps_its_zone_and_one_without_is_refused(db: Database) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    with db.write() as session:
        jobs.insert(session, job_row(started_at=moment))
    with db.read() as session:
        row = jobs.find(session, "job_1")
        assert row is not None
        assert row.started_at == moment
        assert row.started_at.tzinfo is not None
    with pytest.raises(Exception, match="needs its zone"), db.write() as session:
        jobs.insert(session, job_row("job_2", started_at=datetime(2026, 1, 1)))
