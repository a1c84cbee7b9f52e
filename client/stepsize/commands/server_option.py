"""The option that every command of the client has: the address of the server."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec

import click

from stepsize.http_client import ApiError

P = ParamSpec("P")

DEFAULT_SERVER = f"http://127.0.0.1:{os.environ.get('STEPSIZE_PORT', '8000')}"


def with_server(command: Callable[P, None]) -> Callable[P, None]:
    """Add --server to a command, and turn a refusal of the server into a message."""

    @click.option("--server", "url", default=DEFAULT_SERVER, show_default=True, envvar="STEPSIZE_SERVER")
    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ApiError as error:
            raise click.ClickException(str(error)) from None

    return wrapper
