"""A waiting worker is woken by writes of other processes, and by nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import text

from app.db import Database
from app.db.notifications import NotificationListener, notification_listener
from app.services import jobs
from app.settings import Settings
from tests.support.databases import PostgresServer
from tests.support.make_spec import MakeSpec

LONG_S = 30.0


def waiting_s(listener: NotificationListener, timeout_s: float, meanwhile: Callable[[], object]) -> float:
    """Return the seconds of a wait while `meanwhile` runs."""
    stop = threading.Event()
    thread = threading.Thread(target=meanwhile)
    begun = time.monotonic()
    thread.start()
    listener.wait(timeout_s, stop)
    seconds = time.monotonic() - begun
    thread.join()
    return seconds


@pytest.fixture
def listener(db: Database) -> Iterator[NotificationListener]:
    """Yield a listener that has waited once, and so is connected."""
    listener = notification_listener(db)
    listener.wait(0.2, threading.Event())
    yield listener
    listener.close()


def test_a_submitted_job_wakes_the_worker(
    db: Database, listener: NotificationListener, settings: Settings, make_spec: MakeSpec
) -> None:
    assert waiting_s(listener, LONG_S, lambda: jobs.submit(db, settings, make_spec())) < LONG_S / 2


def test_a_wait_ends_when_the_time_is_over(listener: NotificationListener) -> None:
    assert 0.1 <= waiting_s(listener, 0.2, lambda: None) < LONG_S / 2


def test_a_wait_ends_when_the_worker_should_stop(listener: NotificationListener) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    begun = time.monotonic()
    listener.wait(LONG_S, stop)
    assert time.monotonic() - begun < LONG_S / 2
    timer.join()


def test_a_lost_connection_costs_one_wait(
    postgres: PostgresServer, settings: Settings, make_spec: MakeSpec
) -> None:
    shared = Database(Settings(database_url=postgres.migrated()).database)
    with closing(shared), closing(notification_listener(shared)) as listener:
        listener.wait(0.2, threading.Event())
        with shared.engine.connect() as connection:
            others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            assert connection.execute(text(others)).all()
        assert waiting_s(listener, 0.3, lambda: None) < LONG_S / 2
        listener.wait(0.2, threading.Event())
        assert waiting_s(listener, LONG_S, lambda: jobs.submit(shared, settings, make_spec())) < LONG_S / 2
