"""`stepsize migrate`, and what the other commands do of it by themselves."""

from __future__ import annotations

import click

from app.cli.options import with_settings
from app.db.migrate import upgrade
from app.settings import Settings


@click.command()
@with_settings
def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema; changes nothing where it is."""
    upgrade(settings.database)
    click.echo(f"{settings.database.render_as_string()} has the newest schema.")


def prepare(settings: Settings) -> None:
    """Brings an embedded database to the newest schema; a shared one waits for `stepsize migrate`."""
    if settings.embedded:
        upgrade(settings.database)
