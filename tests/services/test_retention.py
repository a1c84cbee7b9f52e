"""Old jobs are removed with all their rows; other jobs stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from app.db import Database
from app.db.tables import Base, JobRow
from app.services import jobs, retention
from app.settings import Settings
from app.tuning.planning.plan import Plan
from stepsize.main import main
from tests.support.in_process_worker import run_job
from tests.support.make_spec import MakeSpec

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ended(db: Database, settings: Settings, make_spec: MakeSpec, days_ago: int) -> str:
    """Return a job that was cancelled `days_ago`."""
    job_id = jobs.submit(db, settings, make_spec()).id
    jobs.cancel(db, job_id)
    _set_end(db, job_id, days_ago)
    return job_id


def _set_end(db: Database, job_id: str, days_ago: int) -> None:
    with db.write() as session:
        finished_at = NOW - timedelta(days=days_ago)
        session.execute(update(JobRow).where(JobRow.id == job_id).values(finished_at=finished_at))


def test_only_jobs_that_ended_before_the_time_are_removed(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    old = [ended(db, settings, make_spec, days_ago=31) for _ in range(retention.JOBS_AT_ONCE + 1)]
    kept = {ended(db, settings, make_spec, days_ago=29), jobs.submit(db, settings, make_spec()).id}
    before = NOW - timedelta(days=30)
    assert retention.count_ended(db, before) == (len(old), 4 * len(old))
    assert list(retention.prune(db, before)) == [retention.JOBS_AT_ONCE, 1]
    page = jobs.list_jobs(db, state=None, name=None, limit=50, page_token=None)
    assert {job.id for job in page.items} == kept
    assert list(retention.prune(db, before)) == []


def test_a_removed_job_leaves_no_row(db: Database, settings: Settings, make_spec: MakeSpec) -> None:
    spec = make_spec(confirmation=None)
    assert len(Plan.of(spec).rounds) == 1
    job_id = run_job(db, settings, spec)
    _set_end(db, job_id, days_ago=31)
    assert sum(retention.prune(db, NOW)) == 1
    with db.read() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in ("workers", "alembic_version"):
                assert session.scalar(select(func.count()).select_from(table)) == 0, table.name


def test_the_command_counts_the_removed_jobs(settings: Settings, db: Database, make_spec: MakeSpec) -> None:
    ended(db, settings, make_spec, days_ago=31)
    url = settings.database.render_as_string(hide_password=False)

    def said(*options: str) -> str:
        result = CliRunner().invoke(main, ["prune", "--database-url", url, *options])
        return result.output

    assert "would remove 1 jobs" in said("--older-than", "1m", "--dry-run")
    assert "removed 1 jobs" in said("--older-than", "1m")
    assert "removed 0 jobs" in said("--older-than", "1m")


@pytest.mark.parametrize("age", ["30", "1.5d", "-1d", "d", "30 d", ""])
def test_an_invalid_age_is_refused_with_an_example(age: str) -> None:
    result = CliRunner().invoke(main, ["prune", "--older-than", age])
    assert result.exit_code == 2
    assert "write it like 90m, 12h, 30d or 8w" in result.output
