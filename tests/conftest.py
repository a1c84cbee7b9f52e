"""Fixtures that every layer's tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from app.db import Database
from app.settings import Settings
from tests.support.databases import Databases, PostgresServer, SqliteFiles
from tests.support.make_spec import MakeSpec, small_spec

SLOW_TIMEOUT_S = 300  # a busy machine may be five times slower than an idle one


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests a longer timeout, and spread their modules evenly among the others.

    A module stays whole for its fixtures.

    Each process of a parallel run begins with a stretch of the list: so each has its part of what takes long
    and mostly waits, and what computes fills the gaps.
    """
    for item in items:
        if item.get_closest_marker("slow") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))
    modules = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    slow = [module for module in modules if any(item.get_closest_marker("slow") for item in module)]
    quick = [item for module in modules if module not in slow for item in module]
    edges = [len(quick) * i // max(1, len(slow)) for i in range(len(slow) + 1)]
    spread = [item for i, module in enumerate(slow) for item in (*module, *quick[edges[i] : edges[i + 1]])]
    if slow:
        items[:] = spread


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Fresh SQLite databases."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Fresh PostgreSQL databases, on a server of the test run's own."""
    # A socket's path may have 107 bytes, which pytest's own folders exceed.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = PostgresServer(Path(folder))
        yield server
        server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Fresh databases of each kind that we support: a test that uses them runs once on each."""
    databases: Databases = request.getfixturevalue(
        "sqlite_files" if request.param == "sqlite" else "postgres"
    )
    return databases


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> Settings:
    """Return the settings of a server on a fresh, migrated database."""
    return Settings(database_url=databases.migrated(tmp_path), pool_processes=2)


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """Yield a fresh, migrated database."""
    database = Database(settings.database)
    yield database
    database.close()


@pytest.fixture
def make_spec() -> MakeSpec:
    """Return a function that makes the spec of a small function job; keywords replace its parts."""
    return small_spec
