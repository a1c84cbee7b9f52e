"""The command `stepsize`: its own commands, and those that other distributions add to it."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

import click

GROUP = "stepsize.commands"  # of entry points: the name of a command, and the click command that it loads


class LazyGroup(click.Group):
    """A group that imports a command when it is used, so that a client needs no server."""

    @cached_property
    def installed(self) -> dict[str, EntryPoint]:
        """Entry points by the names of their commands, in alphabetical order."""
        points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
        return {point.name: point for point in points}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the help."""
        return list(self.installed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; return None if no distribution has it."""
        entry_point = self.installed.get(cmd_name)
        if entry_point is None:
            return None
        command: click.Command = entry_point.load()
        return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="stepsize")
def main() -> None:
    """Tune optimizers and get a recommended learning-rate schedule, with the evidence.

    Every setting of a server is an environment variable: --database-url is STEPSIZE_DATABASE_URL. An option
    wins over its variable.
    """
