"""`stepsize migrate`, and the migration at the start of other commands."""

from __future__ import annotations

import click

from app.cli.options import with_settings
from app.db.migrate import upgrade
from app.settings import Settings


@click.command()
@with_settings
def migrate(settings: Settings) -> None:
    """Migrate the database to the newest schema; a current database is not changed."""
    upgrade(settings.database)
    click.echo(f"{settings.database.render_as_string()} has the newest schema.")


def prepare(settings: Settings) -> None:
    """Migrate an embedded database to the newest schema; a shared one needs `stepsize migrate`."""
    if settings.embedded:
        upgrade(settings.database)
