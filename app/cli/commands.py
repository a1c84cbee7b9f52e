"""The commands and their options."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import click
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.cli import server
from app.cli.api_client import ApiError, JobsClient
from app.cli.logs import configure_logging
from app.cli.report import describe
from app.cli.watching import watch_job
from app.db.migrate import upgrade
from app.settings import Settings
from app.worker.main import run_worker
from app.worker.sole import InUse

P = ParamSpec("P")

DEFAULT_SERVER = f"http://127.0.0.1:{os.environ.get('STEPSIZE_PORT', '8000')}"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="stepsize")
def main() -> None:
    """Stepsize tunes optimizers and recommends learning-rate schedules, with the evidence.

    Every setting is an environment variable, and --database-url is STEPSIZE_DATABASE_URL; an option wins.
    """


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that every server process has, and hands the command its Settings."""

    @click.option(
        "--database-url", help="sqlite:///FILE or postgresql://...  [default: sqlite:///stepsize.db]"
    )
    @click.option("--log-level", help="debug, info, warning or error  [default: info]")
    @functools.wraps(command)
    def wrapper(**options: Any) -> None:  # Any: the values of options, as click gives them
        given = {name: options.pop(name) for name in list(options) if name in Settings.model_fields}
        try:
            settings = Settings(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise click.UsageError(_explain(error)) from None
        configure_logging(settings.log_level, settings.log_format)
        try:
            command(settings, **options)
        except InUse as error:
            raise click.ClickException(str(error)) from None
        except DBAPIError as error:
            reason = str(error.orig).strip().replace("\n", "; ")
            shown = settings.database.render_as_string()
            raise click.ClickException(f"cannot use the database {shown}: {reason}") from None

    return wrapper


@main.command()
@click.option("--host", help="address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=int, help="port to listen on  [default: 8000]")
@click.option("--pool-processes", type=int, help="processes that evaluate batches  [default: one a core]")
@click.option("--worker/--no-worker", default=True, show_default=True, help="run a worker beside the API")
@with_settings
def serve(settings: Settings, worker: bool) -> None:
    """Run the API and a worker, as two supervised processes."""
    server.check_address(settings)
    if worker:
        sys.exit(server.supervise(settings))
    server.prepare(settings)
    server.run_api(settings)


@main.command()
@click.option("--pool-processes", type=int, help="processes that evaluate batches  [default: one a core]")
@with_settings
def worker(settings: Settings) -> None:
    """Run a worker alone."""
    server.prepare(settings)
    run_worker(settings)


@main.command(hidden=True)
@with_settings
def api(settings: Settings) -> None:
    """Run the API for a supervisor."""
    server.run_api(settings)


@main.command()
@with_settings
def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema; changes nothing where it is."""
    upgrade(settings.database)
    click.echo(f"{settings.database.render_as_string()} has the newest schema.")


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


@main.command()
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


@main.command()
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


def _explain(error: ValidationError) -> str:
    parts = (
        f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')} ({item['input']!r})"
        for item in error.errors()
    )
    return "; ".join(parts)
