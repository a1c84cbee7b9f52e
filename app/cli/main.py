"""The command `stepsize`: each of its commands is loaded when it is used."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {  # name -> the module that has a command of that name
    "serve": "app.cli.serve",
    "worker": "app.cli.worker",
    "api": "app.cli.api",
    "migrate": "app.cli.schema",
    "prune": "app.cli.prune",
    "submit": "app.cli.client",
    "watch": "app.cli.client",
}


class LazyGroup(click.Group):
    """Imports a command once it is asked for: a supervisor needs no web framework, the API no queue."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as the help shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="stepsize")
def main() -> None:
    """Stepsize tunes optimizers and recommends learning-rate schedules, with the evidence.

    Every setting is an environment variable, and --database-url is STEPSIZE_DATABASE_URL; an option wins.
    """
