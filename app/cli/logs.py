"""Logging of the server processes: one line an event, to standard error."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
QUIET = ("httpx", "alembic", "dbos", "optuna")  # their information is our noise


def configure_logging(level: str) -> None:
    """Sends our log to standard error, and from the libraries what is a warning or worse."""
    logging.basicConfig(level=level.upper(), format=FORMAT)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
