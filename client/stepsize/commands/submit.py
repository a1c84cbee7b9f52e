"""`stepsize submit`: post a job to a server."""

from __future__ import annotations

from typing import BinaryIO

import click

from stepsize.commands.server_option import with_server
from stepsize.commands.watch import watch_and_report
from stepsize.http_client import JobsClient


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--watch", is_flag=True, help="show the progress and print the recommendation")
@with_server
def submit(file: BinaryIO, url: str, watch: bool) -> None:
    """Submit the job in FILE (JSON; - reads standard input) and print its id."""
    with JobsClient(url) as client:
        job = client.submit(file.read())
        click.echo(job["id"])
        if watch:
            watch_and_report(client, job["id"])
