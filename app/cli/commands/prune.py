"""`stepsize prune`: removes old jobs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from app.cli.options import with_settings
from app.db import Database
from app.services import retention
from app.settings import Settings

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Age(click.ParamType[timedelta]):
    """A whole number of minutes, hours, days or weeks, as in 30d."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The age as a duration."""
        found = re.fullmatch(r"(\d{1,5})([mhdw])", str(value))
        if found is None:
            self.fail(f"{value!r} is no age; one looks like 90m, 12h, 30d or 8w", param, ctx)
        return int(found[1]) * UNITS[found[2]]


@click.command()
@click.option("--older-than", type=Age(), required=True, help="age since the job ended: 90m, 12h, 30d, 8w")
@click.option("--dry-run", is_flag=True, help="say what would be removed, and remove nothing")
@with_settings
def prune(settings: Settings, older_than: timedelta, dry_run: bool) -> None:
    """Remove the jobs that ended long ago, with their trials and curves; the server may run meanwhile."""
    before = datetime.now(UTC) - older_than
    db = Database(settings.database)
    try:
        jobs, trials = retention.count_ended(db, before)
        if not dry_run:
            jobs = sum(retention.prune(db, before))
    finally:
        db.close()
    done = "would remove" if dry_run else "removed"
    click.echo(f"{done} {jobs} jobs that ended before {before:%Y-%m-%d %H:%M} UTC, of {trials} trials.")
