"""`stepsize worker`: a worker without the API."""

from __future__ import annotations

import click

from app.cli.commands.migrate import prepare
from app.cli.options import pool_processes, with_settings
from app.settings import Settings
from app.worker.main import run_worker


@click.command()
@pool_processes
@with_settings
def worker(settings: Settings) -> None:
    """Run a worker without the API."""
    prepare(settings)
    run_worker(settings)
