"""What every line of the log says beside its message: the request, or the job that is being worked on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Fields = dict[str, str | int]

_fields: ContextVar[Fields | None] = ContextVar("log_fields", default=None)


def current() -> Fields:
    """The fields of this thread or task."""
    return _fields.get() or {}


@contextmanager
def bound(**fields: str | int) -> Iterator[None]:
    """Adds fields to every line that is logged inside the block, in threads that it hands work to as well."""
    token = _fields.set(current() | fields)
    try:
        yield
    finally:
        _fields.reset(token)
