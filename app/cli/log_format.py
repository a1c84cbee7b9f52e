"""The log of the server processes on standard error: one line for each record, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from app.observability import log_context
from app.settings import LogFormat

# Libraries whose records below WARNING are dropped: they would hide the records of this application.
QUIET_LIBRARIES = ("httpx", "alembic", "dbos", "filelock", "optuna")
TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# Attribute of a record -> its name in a JSON line.
JSON_NAMES = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"}

# Attributes that the logging module sets on every record; the others were passed as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def configure_logging(level: str, format: LogFormat = "text") -> None:
    """Send the log to standard error, without what QUIET_LIBRARIES log below a warning."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if format == "json" else TextLines(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class TextLines(logging.Formatter):
    """A formatter for text: the message, then each field as `name=value`."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without the stack trace."""
        fields = "".join(f" {name}={_word(value)}" for name, value in _fields(record).items())
        return super().formatMessage(record) + fields


class JsonLines(JsonFormatter):
    """A formatter for JSON: an object of `time`, `level`, `logger`, `message`, fields and `exception`."""

    def __init__(self) -> None:
        super().__init__(
            ("asctime", "levelname", "name", "message"),
            rename_fields=JSON_NAMES,
            reserved_attrs=[*_STANDARD, *JSON_NAMES.values()],  # no field of a call replaces one of these
            json_default=str,
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the time of a record in UTC, to the millisecond."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return time.replace("+00:00", "Z")

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add all fields of the line. Any: a caller may pass any value."""
        level = {"levelname": record.levelname.lower()}
        super().add_fields(log_data, record, log_context.current() | message_dict | level)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of the context and of the call. Any: a caller may pass any value."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return log_context.current() | extra


def _word(value: object) -> str:
    """Return a value as one word: quoted if it has spaces, quotes, equals signs or line breaks."""
    text = str(value)
    plain = text.isprintable() and text and not any(character in text for character in ' "=')
    return text if plain else json.dumps(text)
