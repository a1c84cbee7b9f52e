"""A client of the application, and a job that has been through everything."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from app.db import Database
from app.main import create_app
from app.settings import Settings
from tests.api.stored import store_finished_job
from tests.databases import Databases, SqliteFiles

with warnings.catch_warnings():
    # Starlette would rather have httpx2 than the httpx that our own client uses; both serve its tests.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@pytest.fixture
def databases(sqlite_files: SqliteFiles) -> Databases:
    """SQLite alone: the API knows no database, and the tests of the services run on both."""
    return sqlite_files


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The application on a fresh database."""
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client that sees what the application answers, and no exception."""
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def finished(client: TestClient, db: Database, settings: Settings) -> str:
    """The id of a job that succeeded: three trials, with curves, and a recommendation."""
    return store_finished_job(db, settings)
