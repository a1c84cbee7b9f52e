"""The store: tables, migrations and every query. Only this folder writes SQL."""

from app.db.database import Database

__all__ = ["Database"]
