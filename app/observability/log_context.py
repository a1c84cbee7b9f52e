"""The fields of every log line beside its message: the request, or the job and its run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Fields = dict[str, str | int]

_fields: ContextVar[Fields | None] = ContextVar("log_fields", default=None)


def current() -> Fields:
    """Return the fields of this thread or task."""
    return _fields.get() or {}


@contextmanager
def bound(**fields: str | int) -> Iterator[None]:
    """Add fields to every line that is logged inside the block, also in threads that copy its context."""
    token = _fields.set(current() | fields)
    try:
        yield
    finally:
        _fields.reset(token)
