"""`stepsize prune`: removal of old jobs."""

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
    """A parameter type: a whole number of minutes, hours, days or weeks, such as 30d."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the age as a duration."""
        match = re.fullmatch(r"(\d{1,5})([mhdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not an age; write it like 90m, 12h, 30d or 8w", param, ctx)
        return int(match[1]) * UNITS[match[2]]


@click.command()
@click.option(
    "--older-than",
    type=Age(),
    required=True,
    help="least age since the end of a job, such as 90m, 12h, 30d or 8w",
)
@click.option("--dry-run", is_flag=True, help="print what would be removed, and remove nothing")
@with_settings
def prune(settings: Settings, older_than: timedelta, dry_run: bool) -> None:
    """Remove old ended jobs with their trials and trajectories; the server may keep running."""
    before = datetime.now(UTC) - older_than
    db = Database(settings.database)
    try:
        jobs, trials = retention.count_ended(db, before)
        if not dry_run:
            jobs = sum(retention.prune(db, before))
    finally:
        db.close()
    action = "would remove" if dry_run else "removed"
    click.echo(f"{action} {jobs} jobs that ended before {before:%Y-%m-%d %H:%M} UTC, of {trials} trials.")
