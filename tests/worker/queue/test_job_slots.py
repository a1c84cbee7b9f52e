"""Seats bound how many jobs a worker runs at once."""

from __future__ import annotations

from app.worker.queue.job_slots import Seats


def test_a_seat_is_taken_once_and_given_back_once() -> None:
    seats = Seats(2)
    seats.take("a")
    seats.take("a")
    assert seats.free() == 1
    seats.leave("a")
    seats.leave("a")
    assert seats.free() == 2


def test_what_ran_before_a_crash_may_exceed_the_seats() -> None:
    seats = Seats(1)
    seats.take("a")
    seats.take("b")
    assert seats.free() == 0
