"""Who is silent: told by looks, so that neither clocks nor outages make a living worker silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.worker.queue.heartbeat_monitor import LOOKS, Silence

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def looks(silence: Silence, count: int, sign: datetime | None = NOW) -> set[str]:
    """Return the result of the last of so many checks of a worker whose heartbeat never changes."""
    found: set[str] = set()
    for _ in range(count):
        found = silence.look(["a"], {} if sign is None else {"a": sign})
    return found


def test_a_worker_without_a_new_sign_is_silent_after_five_more_looks() -> None:
    silence = Silence()
    assert looks(silence, LOOKS) == set()
    assert looks(silence, 1) == {"a"}


def test_a_sign_starts_the_count_anew_whatever_time_it_tells() -> None:
    silence = Silence()
    looks(silence, LOOKS)
    assert looks(silence, LOOKS, NOW - timedelta(days=1)) == set()
    assert looks(silence, 1, NOW - timedelta(days=1)) == {"a"}


def test_a_worker_that_never_gave_a_sign_is_silent_as_well() -> None:
    assert looks(Silence(), LOOKS + 1, None) == {"a"}


def test_a_worker_that_had_no_work_meanwhile_is_counted_anew() -> None:
    silence = Silence()
    looks(silence, LOOKS)
    silence.look([], {"a": NOW})
    assert looks(silence, LOOKS) == set()
