"""`stepsize submit` and `stepsize watch`: clients of a running server."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import click

from app.cli.http_client import ApiError, JobsClient
from app.cli.progress_bar import watch_job
from app.cli.report import describe

P = ParamSpec("P")

DEFAULT_SERVER = f"http://127.0.0.1:{os.environ.get('STEPSIZE_PORT', '8000')}"


def with_server(command: Callable[P, None]) -> Callable[P, None]:
    """Adds --server, and turns a refusal of the server into a message."""

    @click.option("--server", "url", default=DEFAULT_SERVER, show_default=True, envvar="STEPSIZE_SERVER")
    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ApiError as error:
            raise click.ClickException(str(error)) from None

    return wrapper


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--watch", is_flag=True, help="show the progress and print the recommendation")
@with_server
def submit(file: Any, url: str, watch: bool) -> None:  # Any: click's file, binary
    """Submit the job in FILE (JSON; - reads standard input) and print its id."""
    with JobsClient(url) as client:
        job = client.submit(file.read())
        click.echo(job["id"])
        if watch:
            _watch(client, job["id"])


@click.command()
@click.argument("job_id", metavar="ID")
@with_server
def watch(job_id: str, url: str) -> None:
    """Show the progress of the job ID until it ends, then print its recommendation."""
    with JobsClient(url) as client:
        _watch(client, job_id)


def _watch(client: JobsClient, job_id: str) -> None:
    job = watch_job(client, job_id)
    click.echo(describe(job, client.recommendation(job_id), client.url))
    if job["state"] != "succeeded":
        sys.exit(1)
