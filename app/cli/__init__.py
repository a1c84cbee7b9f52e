"""The command line: stepsize serve | worker | migrate | submit | watch."""

from app.cli.commands import main

__all__ = ["main"]
