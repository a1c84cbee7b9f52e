"""Whose shard goes next: a small job is not held up by a large one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

BACKLOG_S = 2.0  # of items that wait without a break; then whoever comes next would have to wait as well
PATIENCE_S = 0.25  # without a turn for anybody; then a job that holds fewer processes than another is held up


@dataclass
class _Line(Generic[Item]):
    """What one job waits for, and what it had."""

    priority: int
    used_s: float
    running: int = 0
    waiting: list[Item] = field(default_factory=list)


class Turns(Generic[Item]):
    """Items of several jobs, handed out one at a time; safe to share between threads.

    The next item is of the jobs of the highest priority that wait, of the one that runs the fewest items, and
    among equals of the one that has used the least time. A job that comes, or comes back, starts even with
    the one that was served last: what it did not use before is no credit (start-time fair queueing, Goyal et
    al. 1996, with times measured instead of announced).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines: dict[Hashable, _Line[Item]] = {}
        self._changed = threading.Condition()
        self._time_s = clock
        self._last_turn_s = clock()
        self._backlog_since_s: float | None = None
        self._clock_s = 0.0  # what the job had used that was served last
        self._closed = False

    def add(self, job: Hashable, priority: int, items: list[Item]) -> None:
        """Puts items at the end of a job's line; a line has the priority that was given last."""
        with self._changed:
            line = self._lines.setdefault(job, _Line(priority, self._clock_s))
            if not line.waiting and not line.running:
                line.used_s = max(line.used_s, self._clock_s)
            line.priority = priority
            line.waiting += items
            self._look_for_backlog()
            self._changed.notify_all()

    def take(self) -> tuple[Hashable, Item] | None:
        """Waits for the next item, and gives its job with it; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(line.waiting for line in self._lines.values()))
            if self._closed:
                return None
            self._last_turn_s = self._time_s()
            return self._hand_out(*self._next())

    def wait_for_hold_up(self) -> None:
        """Returns once a job is held up, or another one would be if it came, and when closed."""
        with self._changed:
            while not self._closed and not self._is_held_up():
                left_s = None
                if self._backlog_since_s is not None:
                    left_s = self._backlog_since_s + BACKLOG_S - self._time_s()
                    if left_s <= 0.0:
                        return
                self._changed.wait(left_s)

    def has_backlog(self) -> bool:
        """Whether anything waits."""
        return self._backlog_since_s is not None

    def take_held_up(self, timeout_s: float | None = None) -> tuple[Hashable, Item] | None:
        """Waits for an item of a job that others hold up, and gives its job with it; None once closed, or
        after the time-out.

        That is the next item where another job of no higher priority has more items running, and no turn came
        for a while: what runs is long.
        """
        give_up_s = None if timeout_s is None else self._time_s() + timeout_s
        with self._changed:
            while not self._closed:
                moments = [] if give_up_s is None else [give_up_s]
                if self._is_held_up():
                    moments.append(self._last_turn_s + PATIENCE_S)
                    if self._time_s() >= moments[-1]:
                        return self._hand_out(*self._next())
                left_s = min(moments) - self._time_s() if moments else None
                if left_s is not None and left_s <= 0.0:
                    return None
                self._changed.wait(left_s)
            return None

    def done(self, job: Hashable, used_s: float) -> None:
        """Says that an item ended, and how long it took."""
        with self._changed:
            line = self._lines[job]
            line.running -= 1
            line.used_s += used_s
            self._forget_idle()
            self._changed.notify_all()

    def withdraw(self, job: Hashable, items: list[Item]) -> None:
        """Takes back those of the items that still wait."""
        with self._changed:
            if job in self._lines:
                line = self._lines[job]
                line.waiting = [item for item in line.waiting if not any(item is gone for gone in items)]
                self._look_for_backlog()
                self._forget_idle()

    def close(self) -> None:
        """Wakes all that wait, with None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def load(self) -> int:
        """How many items run or wait."""
        with self._changed:
            return sum(line.running + len(line.waiting) for line in self._lines.values())

    @property
    def closed(self) -> bool:
        """Whether nothing is handed out any more."""
        return self._closed

    def _next(self) -> tuple[Hashable, _Line[Item]]:
        """Whose turn it is, of those that wait."""
        # Ties go to the line that was there first: dicts keep their order, and min takes the first.
        return min(
            ((job, line) for job, line in self._lines.items() if line.waiting),
            key=lambda entry: (-entry[1].priority, entry[1].running, entry[1].used_s),
        )

    def _is_held_up(self) -> bool:
        """Whether some job waits while another that is no more urgent has more items running."""
        if not any(line.waiting for line in self._lines.values()):
            return False
        _, mine = self._next()
        return any(
            line.running > mine.running and line.priority <= mine.priority for line in self._lines.values()
        )

    def _hand_out(self, job: Hashable, line: _Line[Item]) -> tuple[Hashable, Item]:
        self._clock_s = max(self._clock_s, line.used_s)
        line.running += 1
        item = line.waiting.pop(0)
        self._look_for_backlog()
        return job, item

    def _look_for_backlog(self) -> None:
        """Notes since when items wait."""
        if not any(line.waiting for line in self._lines.values()):
            self._backlog_since_s = None
        elif self._backlog_since_s is None:
            self._backlog_since_s = self._time_s()

    def _forget_idle(self) -> None:
        """Drops the lines that say nothing any more: whoever comes anew would start where they stand.

        Once nobody waits or runs, everybody starts even.
        """
        idle = [job for job, line in self._lines.items() if not line.waiting and not line.running]
        everybody = len(idle) == len(self._lines)
        for job in idle:
            if everybody or self._lines[job].used_s <= self._clock_s:
                del self._lines[job]
