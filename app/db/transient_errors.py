"""The kinds of database errors: transient ones, of a database that is away or full, and wrong statements."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

# SQLSTATE codes of PostgreSQL.
IDLE_IN_TRANSACTION = "25P03"  # the server ended the session; the driver does not raise OperationalError
DISK_FULL = "53100"


def is_transient(error: BaseException) -> bool:
    """Return whether the same statement may succeed once the database is back, or has room again."""
    return isinstance(error, (OperationalError, InterfaceError)) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or _state(error) == IDLE_IN_TRANSACTION)
    )


def is_full(error: BaseException) -> bool:
    """Return whether the database has no room left on its disk."""
    return isinstance(error, DBAPIError) and (
        _state(error) == DISK_FULL or "database or disk is full" in str(error.orig)
    )


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
