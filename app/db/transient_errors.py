"""What went wrong with a database: it is away or full, which passes, or the statement is at fault."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

IDLE_IN_TRANSACTION = "25P03"  # PostgreSQL ended the session; its driver does not call that operational
DISK_FULL = "53100"


def is_passing(error: BaseException) -> bool:
    """Whether the same statement may succeed once the database is back, or has room again."""
    return isinstance(error, (OperationalError, InterfaceError)) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or _state(error) == IDLE_IN_TRANSACTION)
    )


def is_full(error: BaseException) -> bool:
    """Whether the database has no room left on its disk."""
    return isinstance(error, DBAPIError) and (
        _state(error) == DISK_FULL or "database or disk is full" in str(error.orig)
    )


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
