"""Job slots limit the number of jobs that a worker runs at once."""

from __future__ import annotations

from app.worker.queue.job_slots import JobSlots


def test_a_slot_is_reserved_once_and_released_once() -> None:
    job_slots = JobSlots(2)
    job_slots.reserve("a")
    job_slots.reserve("a")
    assert job_slots.free() == 1
    job_slots.release("a")
    job_slots.release("a")
    assert job_slots.free() == 2


def test_recovered_jobs_may_exceed_the_limit() -> None:
    job_slots = JobSlots(1)
    job_slots.reserve("a")
    job_slots.reserve("b")
    assert job_slots.free() == 0
