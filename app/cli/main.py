"""The command `stepsize`, which imports each subcommand when it is used."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {  # name -> module that defines a command of that name
    "serve": "app.cli.commands.serve",
    "worker": "app.cli.commands.worker",
    "api": "app.cli.commands.api",
    "migrate": "app.cli.commands.migrate",
    "prune": "app.cli.commands.prune",
    "submit": "app.cli.commands.submit_and_watch",
    "watch": "app.cli.commands.submit_and_watch",
}


class LazyGroup(click.Group):
    """A group that imports a command on use: a supervisor needs no web framework, the API no queue."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name; None if there is none."""
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

    Every option of a server is also an environment variable: --database-url is STEPSIZE_DATABASE_URL.
    An option takes precedence over its variable.
    """
