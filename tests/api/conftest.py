"""A client of the application, and a finished job with trials in every end state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.db import Database
from app.main import create_app
from app.settings import Settings
from tests.support.databases import Databases
from tests.support.stored_jobs import store_finished_job

# Modules that mainly test the queries of the database; the other modules run on SQLite alone.
ON_BOTH_DATABASES = {
    "test_deep_pages",
    "test_events",
    "test_export",
    "test_idempotency",
    "test_importances",
    "test_jobs",
    "test_metrics",
    "test_range_tests",
    "test_replays",
    "test_trials",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the databases of a test."""
    if "databases" in metafunc.fixturenames:
        both = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH_DATABASES
        kinds = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("databases", kinds, indirect=True)


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Databases:
    """Fresh databases of the kind that `pytest_generate_tests` chose."""
    databases: Databases = request.getfixturevalue(
        "sqlite_files" if request.param == "sqlite" else "postgres"
    )
    return databases


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> Settings:
    """Return the settings of a server on a migrated database without rows."""
    return Settings(database_url=databases.emptied(tmp_path))


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """Return the application on a fresh database."""
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Yield a client that gets every answer of the application, and no exception."""
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def finished(client: TestClient, db: Database, settings: Settings) -> str:
    """Return the id of a job that succeeded: three trials, with trajectories, and a recommendation."""
    return store_finished_job(db, settings)
