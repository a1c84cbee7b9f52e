"""Logging of the server processes: one line an event, to standard error, for people or for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from app.observability import log_context
from app.settings import LogFormat

QUIET = ("alembic", "dbos", "optuna")  # their information is our noise
TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

# What logging itself puts on a record; the rest was given as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def configure_logging(level: str, format: LogFormat = "text") -> None:
    """Sends our log to standard error, and from the libraries what is a warning or worse."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if format == "json" else TextLines(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class TextLines(logging.Formatter):
    """The message, then each field as `name=value`."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without the stack trace."""
        fields = "".join(f" {name}={_word(value)}" for name, value in _fields(record).items())
        return super().formatMessage(record) + fields


class JsonLines(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, the fields, and `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {  # Any: whatever JSON has
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line = _fields(record) | line
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """The context's fields and those of the call. Any: what the caller gave."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return log_context.current() | given


def _word(value: object) -> str:
    """A value that cannot be taken for two, or for two lines."""
    text = str(value)
    plain = text.isprintable() and text and not any(character in text for character in ' "=')
    return text if plain else json.dumps(text)
