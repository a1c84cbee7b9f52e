"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.cli.log_format import configure_logging
from app.observability.tracing import NoTracing
from app.process.file_lock import InUse
from app.settings import Settings

pool_processes = click.option(
    "--pool-processes", type=int, help="number of processes that evaluate batches  [default: one per core]"
)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every server process to a command, and pass it the Settings."""

    @click.option(
        "--database-url", help="sqlite:///FILE or postgresql://...  [default: sqlite:///stepsize.db]"
    )
    @click.option("--log-level", help="debug, info, warning or error  [default: info]")
    @functools.wraps(command)
    def wrapper(**options: Any) -> None:  # Any: the values of the options
        setting_options = {name: options.pop(name) for name in list(options) if name in Settings.model_fields}
        try:
            settings = Settings(
                **{name: value for name, value in setting_options.items() if value is not None}
            )
        except ValidationError as error:
            raise click.UsageError(_explain(error)) from None
        configure_logging(settings.log_level, settings.log_format)
        try:
            command(settings, **options)
        except (InUse, NoTracing) as error:
            raise click.ClickException(str(error)) from None
        except DBAPIError as error:
            reason = str(error.orig).strip().replace("\n", "; ")
            shown = settings.database.render_as_string()
            raise click.ClickException(f"cannot use the database {shown}: {reason}") from None

    return wrapper


def _explain(error: ValidationError) -> str:
    parts = (
        f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')} ({item['input']!r})"
        for item in error.errors()
    )
    return "; ".join(parts)
