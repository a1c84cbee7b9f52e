"""A worker's lock on its name tells the others whether that worker lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import make_url, text

from app.db import Database
from app.db.worker_locks import WorkerLock, if_dead
from app.settings import Settings
from tests.support.databases import PostgresServer

MakeLock = Callable[[str], WorkerLock]


@pytest.fixture
def shared(postgres: PostgresServer) -> Iterator[Database]:
    """Yield a database that several workers share."""
    database = Database(Settings(database_url=postgres.migrated()).database)
    yield database
    database.close()


@pytest.fixture
def lock(shared: Database) -> Iterator[MakeLock]:
    """Return a function that makes locks, which are released at the end."""
    made: list[WorkerLock] = []

    def make(name: str) -> WorkerLock:
        made.append(WorkerLock(shared, name))
        return made[-1]

    yield make
    for lock in made:
        lock.release()


def test_a_worker_that_holds_its_lock_lives(shared: Database, lock: MakeLock) -> None:
    assert lock("a").hold()
    with if_dead(shared, "a") as dead:
        assert not dead
    with if_dead(shared, "b") as dead:
        assert dead


def test_a_lock_ends_with_its_connection(shared: Database, lock: MakeLock) -> None:
    assert lock("a").hold()
    with shared.write() as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'")
        )
    with if_dead(shared, "a") as dead:
        assert dead


def test_a_lost_lock_is_taken_again(shared: Database, lock: MakeLock) -> None:
    mine = lock("a")
    assert mine.hold()
    assert mine.hold()
    with shared.write() as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'")
        )
    assert mine.hold()
    with if_dead(shared, "a") as dead:
        assert not dead


def test_a_lock_that_an_old_connection_still_holds_is_not_waited_for(lock: MakeLock) -> None:
    assert lock("a").hold()
    assert not lock("a").hold()


def test_only_one_worker_takes_over_the_jobs_of_a_dead_worker(shared: Database) -> None:
    with if_dead(shared, "a") as first, if_dead(shared, "a") as second:
        assert first
        assert not second
    with if_dead(shared, "a") as again:
        assert again


def test_a_read_sees_one_snapshot(settings: Settings) -> None:
    database = Database(make_url(settings.database.render_as_string(hide_password=False)))
    with database.read() as session:
        count = text("SELECT count(*) FROM workers")
        assert session.scalar(count) == 0
        with database.write() as writer:
            writer.execute(
                text("INSERT INTO workers VALUES ('a', :now, :now)"), {"now": "2026-01-01 00:00:00+00:00"}
            )
        assert session.scalar(count) == 0
    with database.read() as session:
        assert session.scalar(count) == 1
    database.close()
