"""`stepsize serve`: the API and a worker as two supervised processes, or the API alone."""

from __future__ import annotations

import ipaddress
import socket
import sys

import click

from app.cli.commands.migrate import prepare
from app.cli.options import pool_processes, with_settings
from app.process.supervisor import supervise
from app.settings import Settings


@click.command()
@click.option("--host", help="address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=int, help="port to listen on  [default: 8000]")
@pool_processes
@click.option("--worker/--no-worker", default=True, show_default=True, help="run a worker beside the API")
@with_settings
def serve(settings: Settings, worker: bool) -> None:
    """Run the API and a worker, as two supervised processes."""
    check_address(settings)
    prepare(settings)
    if worker:
        sys.exit(supervise(settings))
    # Imported here: a supervisor needs no web framework, whose import takes a second.
    from app.cli.commands.api import run_api

    run_api(settings)


def check_address(settings: Settings) -> None:
    """Refuse an address in use. Without `allow_open`, refuse an address that other machines can reach."""
    try:
        loopback = settings.host == "localhost" or ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not settings.allow_open:
        raise click.UsageError(
            f"--host {settings.host} is open to other machines, so anybody could submit and delete jobs;"
            " use 127.0.0.1, or set STEPSIZE_ALLOW_OPEN=1 if a firewall or proxy restricts access."
        )
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.UsageError(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another --port"
            ) from None
