"""`stepsize watch`: follow a job of a server until it ends."""

from __future__ import annotations

import sys

import click

from stepsize.commands.server_option import with_server
from stepsize.http_client import JobsClient
from stepsize.progress_bar import watch_job
from stepsize.report import describe


@click.command()
@click.argument("job_id", metavar="ID")
@with_server
def watch(job_id: str, url: str) -> None:
    """Show the progress of the job ID until it ends, then print its recommendation."""
    with JobsClient(url) as client:
        watch_and_report(client, job_id)


def watch_and_report(client: JobsClient, job_id: str) -> None:
    """Show the progress of a job and print its recommendation; exit with 1 if the job does not succeed."""
    job = watch_job(client, job_id)
    click.echo(describe(job, client.recommendation(job_id), client.url))
    if job["state"] != "succeeded":
        sys.exit(1)
