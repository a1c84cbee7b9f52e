"""Frozen workers are detected by checks: neither clocks nor outages make a living worker count as frozen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.worker.queue.heartbeat_monitor import MISSED_CHECKS, HeartbeatMonitor

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def check(monitor: HeartbeatMonitor, count: int, heartbeat: datetime | None = NOW) -> set[str]:
    """Check one worker `count` times, always with the same last heartbeat. Return the last result."""
    frozen: set[str] = set()
    for _ in range(count):
        frozen = monitor.check(["a"], {} if heartbeat is None else {"a": heartbeat})
    return frozen


def test_a_worker_without_a_new_heartbeat_is_frozen_after_five_more_checks() -> None:
    monitor = HeartbeatMonitor()
    assert check(monitor, MISSED_CHECKS) == set()
    assert check(monitor, 1) == {"a"}


def test_any_new_heartbeat_restarts_the_count() -> None:
    monitor = HeartbeatMonitor()
    check(monitor, MISSED_CHECKS)
    assert check(monitor, MISSED_CHECKS, NOW - timedelta(days=1)) == set()
    assert check(monitor, 1, NOW - timedelta(days=1)) == {"a"}


def test_a_worker_that_never_stored_a_heartbeat_is_frozen_as_well() -> None:
    assert check(HeartbeatMonitor(), MISSED_CHECKS + 1, None) == {"a"}


def test_the_count_restarts_for_a_worker_that_had_no_work_meanwhile() -> None:
    monitor = HeartbeatMonitor()
    check(monitor, MISSED_CHECKS)
    monitor.check([], {"a": NOW})
    assert check(monitor, MISSED_CHECKS) == set()
