"""Turns: who goes next."""

from __future__ import annotations

import threading

from app.worker.pool.fair_queue import BACKLOG_S, PATIENCE_S, Turns

Queue = Turns[str]


def order(turns: Queue, count: int, each_s: float = 1.0) -> list[str]:
    """Return the next items, on one process that takes as long for each."""
    taken = []
    for _ in range(count):
        entry = turns.take()
        assert entry is not None
        taken.append(entry[1])
        turns.done(entry[0], each_s)
    return taken


def test_two_jobs_take_turns_however_much_one_asks_for() -> None:
    turns = Queue()
    turns.add("large", 0, ["l1", "l2", "l3", "l4"])
    turns.add("small", 0, ["s1", "s2"])
    assert order(turns, 6) == ["l1", "s1", "l2", "s2", "l3", "l4"]


def test_time_counts_and_not_the_number_of_items() -> None:
    turns = Queue()
    turns.add("long", 0, ["l1", "l2"])
    turns.add("short", 0, ["s1", "s2", "s3", "s4"])
    assert order(turns, 1, each_s=3.0) == ["l1"]
    assert order(turns, 5) == ["s1", "s2", "s3", "l2", "s4"]


def test_a_job_that_runs_on_every_process_yields_the_next_free_one() -> None:
    turns = Queue()
    turns.add("large", 0, ["l1", "l2", "l3"])
    running = [turns.take(), turns.take()]
    turns.add("small", 0, ["s1", "s2"])
    assert running == [("large", "l1"), ("large", "l2")]
    assert turns.take() == ("small", "s1")


def test_a_newcomer_gets_no_credit_for_the_time_before_it_came() -> None:
    turns = Queue()
    turns.add("old", 0, [f"o{i}" for i in range(8)])
    order(turns, 4)
    turns.add("new", 0, [f"n{i}" for i in range(4)])
    assert sorted(order(turns, 4)) == ["n0", "n1", "o4", "o5"]


def test_a_job_that_was_away_for_a_moment_keeps_what_it_had_used() -> None:
    turns = Queue()
    turns.add("a", 0, ["a1"])
    turns.add("b", 0, ["b1", "b2", "b3"])
    assert order(turns, 1, each_s=2.5) == ["a1"]
    turns.add("a", 0, ["a2"])
    assert order(turns, 4) == ["b1", "b2", "b3", "a2"]


def test_a_higher_priority_goes_first() -> None:
    turns = Queue()
    turns.add("low", 0, ["l1", "l2"])
    turns.add("high", 5, ["h1", "h2"])
    assert order(turns, 4) == ["h1", "h2", "l1", "l2"]


def test_what_is_withdrawn_is_not_handed_out() -> None:
    turns = Queue()
    first, second = "x1", "x2"
    turns.add("x", 0, [first, second])
    turns.withdraw("x", [first])
    turns.withdraw("unknown", [first])
    assert order(turns, 1) == ["x2"]


def test_a_line_that_is_empty_and_even_is_forgotten() -> None:
    turns = Queue()
    turns.add("long", 0, [f"l{i}" for i in range(200)])
    for i in range(100):
        turns.add(i, 0, ["only"])
        order(turns, 2)
    assert len(turns._lines) <= 3


def held_up(turns: Queue) -> object:
    """Return the item that a spare process would run at once, if any."""
    return turns.take_held_up(0.0)


def test_a_job_is_held_up_where_a_longer_one_has_had_all_processes_for_a_while() -> None:
    now = [0.0]
    turns = Queue(lambda: now[0])
    turns.add("large", 0, ["l1", "l2", "l3"])
    turns.take(), turns.take()
    turns.add("small", 0, ["s1", "s2", "s3"])
    assert held_up(turns) is None
    now[0] = PATIENCE_S
    assert [held_up(turns), held_up(turns)] == [("small", "s1"), ("small", "s2")]
    assert held_up(turns) is None  # each has two now


def test_spares_get_ready_once_work_waits_for_a_while() -> None:
    now = [0.0]
    turns = Queue(lambda: now[0])
    turns.add("large", 0, ["l1", "l2"])
    turns.take()
    assert turns.has_backlog()
    now[0] = BACKLOG_S
    turns.wait_for_hold_up()  # returns, although nobody is held up
    assert held_up(turns) is None
    turns.take()
    assert not turns.has_backlog()


def test_nobody_is_held_up_by_a_job_of_a_higher_priority_or_by_itself() -> None:
    now = [0.0]
    turns = Queue(lambda: now[0])
    turns.add("urgent", 5, ["u1", "u2"])
    turns.take()
    now[0] = PATIENCE_S
    assert held_up(turns) is None
    turns.take()
    turns.add("low", 0, ["l1"])
    now[0] = 2 * PATIENCE_S
    assert held_up(turns) is None
    turns.add("equal", 5, ["e1"])
    assert held_up(turns) == ("equal", "e1")


def test_closing_wakes_who_waits() -> None:
    turns = Queue()
    found: list[object] = ["nothing yet"]
    waiting = threading.Thread(target=lambda: found.append(turns.take()))
    waiting.start()
    turns.close()
    waiting.join(5)
    assert found[-1] is None
    assert not waiting.is_alive()
