"""The fair queue: which item comes next."""

from __future__ import annotations

import threading

from app.worker.pool.fair_queue import BACKLOG_S, STARVATION_S, FairQueue

Queue = FairQueue[str]


def order(fair_queue: Queue, count: int, each_s: float = 1.0) -> list[str]:
    """Return the next items, on one process that takes `each_s` for each."""
    taken = []
    for _ in range(count):
        entry = fair_queue.take()
        assert entry is not None
        taken.append(entry[1])
        fair_queue.done(entry[0], each_s)
    return taken


def test_two_jobs_take_turns_however_much_one_asks_for() -> None:
    fair_queue = Queue()
    fair_queue.add("large", 0, ["l1", "l2", "l3", "l4"])
    fair_queue.add("small", 0, ["s1", "s2"])
    assert order(fair_queue, 6) == ["l1", "s1", "l2", "s2", "l3", "l4"]


def test_time_counts_and_not_the_number_of_items() -> None:
    fair_queue = Queue()
    fair_queue.add("long", 0, ["l1", "l2"])
    fair_queue.add("short", 0, ["s1", "s2", "s3", "s4"])
    assert order(fair_queue, 1, each_s=3.0) == ["l1"]
    assert order(fair_queue, 5) == ["s1", "s2", "s3", "l2", "s4"]


def test_a_job_that_runs_on_every_process_yields_the_next_free_one() -> None:
    fair_queue = Queue()
    fair_queue.add("large", 0, ["l1", "l2", "l3"])
    running = [fair_queue.take(), fair_queue.take()]
    fair_queue.add("small", 0, ["s1", "s2"])
    assert running == [("large", "l1"), ("large", "l2")]
    assert fair_queue.take() == ("small", "s1")


def test_a_new_job_gets_no_credit_for_earlier_time() -> None:
    fair_queue = Queue()
    fair_queue.add("old", 0, [f"o{i}" for i in range(8)])
    order(fair_queue, 4)
    fair_queue.add("new", 0, [f"n{i}" for i in range(4)])
    assert sorted(order(fair_queue, 4)) == ["n0", "n1", "o4", "o5"]


def test_a_job_that_was_idle_for_a_moment_keeps_its_used_time() -> None:
    fair_queue = Queue()
    fair_queue.add("a", 0, ["a1"])
    fair_queue.add("b", 0, ["b1", "b2", "b3"])
    assert order(fair_queue, 1, each_s=2.5) == ["a1"]
    fair_queue.add("a", 0, ["a2"])
    assert order(fair_queue, 4) == ["b1", "b2", "b3", "a2"]


def test_a_higher_priority_goes_first() -> None:
    fair_queue = Queue()
    fair_queue.add("low", 0, ["l1", "l2"])
    fair_queue.add("high", 5, ["h1", "h2"])
    assert order(fair_queue, 4) == ["h1", "h2", "l1", "l2"]


def test_withdrawn_items_are_not_served() -> None:
    fair_queue = Queue()
    first, second = "x1", "x2"
    fair_queue.add("x", 0, [first, second])
    fair_queue.withdraw("x", [first])
    fair_queue.withdraw("unknown", [first])
    assert order(fair_queue, 1) == ["x2"]


def test_idle_queues_of_small_jobs_are_dropped() -> None:
    fair_queue = Queue()
    fair_queue.add("long", 0, [f"l{i}" for i in range(200)])
    for i in range(100):
        fair_queue.add(i, 0, ["only"])
        order(fair_queue, 2)
    assert len(fair_queue._queues) <= 3


def starving(fair_queue: Queue) -> object:
    """Return what a spare process would take at once, if anything."""
    return fair_queue.take_starving(0.0)


def test_a_job_starves_if_a_longer_one_has_had_all_processes_for_a_while() -> None:
    now = [0.0]
    fair_queue = Queue(lambda: now[0])
    fair_queue.add("large", 0, ["l1", "l2", "l3"])
    fair_queue.take(), fair_queue.take()
    fair_queue.add("small", 0, ["s1", "s2", "s3"])
    assert starving(fair_queue) is None
    now[0] = STARVATION_S
    assert [starving(fair_queue), starving(fair_queue)] == [("small", "s1"), ("small", "s2")]
    assert starving(fair_queue) is None  # each has two now


def test_spare_processes_start_once_work_waits_for_a_while() -> None:
    now = [0.0]
    fair_queue = Queue(lambda: now[0])
    fair_queue.add("large", 0, ["l1", "l2"])
    fair_queue.take()
    assert fair_queue.has_backlog()
    now[0] = BACKLOG_S
    fair_queue.wait_for_starvation()  # returns, although no job starves
    assert starving(fair_queue) is None
    fair_queue.take()
    assert not fair_queue.has_backlog()


def test_no_job_starves_because_of_a_job_of_a_higher_priority_or_of_itself() -> None:
    now = [0.0]
    fair_queue = Queue(lambda: now[0])
    fair_queue.add("urgent", 5, ["u1", "u2"])
    fair_queue.take()
    now[0] = STARVATION_S
    assert starving(fair_queue) is None
    fair_queue.take()
    fair_queue.add("low", 0, ["l1"])
    now[0] = 2 * STARVATION_S
    assert starving(fair_queue) is None
    fair_queue.add("equal", 5, ["e1"])
    assert starving(fair_queue) == ("equal", "e1")


def test_closing_ends_every_wait() -> None:
    fair_queue = Queue()
    taken: list[object] = ["nothing yet"]
    waiting = threading.Thread(target=lambda: taken.append(fair_queue.take()))
    waiting.start()
    fair_queue.close()
    waiting.join(5)
    assert taken[-1] is None
    assert not waiting.is_alive()
