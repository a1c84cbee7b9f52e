"""Transient errors are distinguished from errors of a wrong statement."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db import Database
from app.db.transient_errors import is_full, is_transient
from app.settings import Settings
from tests.support.databases import PostgresServer, SqliteFiles


def test_a_session_after_an_idle_timeout_may_be_retried(postgres: PostgresServer) -> None:
    database = Database(Settings(database_url=postgres.migrated()).database)
    with database.read() as session:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "10s"

    def idle_in_transaction() -> None:
        with database.write() as session:
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
            time.sleep(0.5)  # as a frozen process does
            session.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError) as caught:
        idle_in_transaction()
    assert is_transient(caught.value)
    assert not is_full(caught.value)
    with database.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_a_full_database_is_recognised_and_may_be_retried(
    sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = sqlite_files.migrated(tmp_path_factory.mktemp("full"))
    database = Database(Settings(database_url=url).database)

    def fill() -> None:
        with database.write() as session:
            session.execute(text("PRAGMA max_page_count = 1"))
            session.execute(text("CREATE TABLE more (data BLOB)"))
            session.execute(text("INSERT INTO more VALUES (zeroblob(1000000))"))

    with pytest.raises(DBAPIError) as caught:
        fill()
    assert is_full(caught.value)
    assert is_transient(caught.value)
    database.close()


def test_a_wrong_statement_is_not_retried(postgres: PostgresServer) -> None:
    database = Database(Settings(database_url=postgres.migrated()).database)
    with pytest.raises(DBAPIError) as caught, database.read() as session:
        session.execute(text("SELECT nothing"))
    assert not is_transient(caught.value)
    assert not is_full(caught.value)
    database.close()
