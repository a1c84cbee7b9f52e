"""Migration of a database to the newest schema, from any working directory."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from app.db.database import Database

_PACKAGE = Path(__file__).resolve().parent


def migrations_path() -> Path:
    """Return the folder of the migrations: inside an installed package, or beside it in a checkout."""
    installed = _PACKAGE / "migrations"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "alembic"


def alembic_config(connection: Connection | None = None) -> Config:
    """Return the configuration of Alembic for the folder of migrations and an open connection."""
    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(url: URL) -> None:
    """Create the tables or migrate them to the newest schema; change nothing if they have it."""
    database = Database(url)
    try:
        with database.engine.execution_options(immediate=True).begin() as connection:
            command.upgrade(alembic_config(connection), "head")
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Return whether the database has the newest schema."""
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(alembic_config()).get_current_head()
