"""Whose shard goes next: a small job is not held up by a large one."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


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

    def __init__(self) -> None:
        self._lines: dict[Hashable, _Line[Item]] = {}
        self._changed = threading.Condition()
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
            self._changed.notify(len(items))

    def take(self) -> tuple[Hashable, Item] | None:
        """Waits for the next item, and gives its job with it; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(line.waiting for line in self._lines.values()))
            if self._closed:
                return None
            # Ties go to the line that was there first: dicts keep their order, and min takes the first.
            job, line = min(
                ((job, line) for job, line in self._lines.items() if line.waiting),
                key=lambda entry: (-entry[1].priority, entry[1].running, entry[1].used_s),
            )
            self._clock_s = max(self._clock_s, line.used_s)
            line.running += 1
            return job, line.waiting.pop(0)

    def done(self, job: Hashable, used_s: float) -> None:
        """Says that an item ended, and how long it took."""
        with self._changed:
            line = self._lines[job]
            line.running -= 1
            line.used_s += used_s
            self._forget_idle()

    def withdraw(self, job: Hashable, items: list[Item]) -> None:
        """Takes back those of the items that still wait."""
        with self._changed:
            if job in self._lines:
                line = self._lines[job]
                line.waiting = [item for item in line.waiting if not any(item is gone for gone in items)]
                self._forget_idle()

    def close(self) -> None:
        """Wakes all that wait, with None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _forget_idle(self) -> None:
        """Drops the lines that say nothing any more: whoever comes anew would start where they stand.

        Once nobody waits or runs, everybody starts even.
        """
        idle = [job for job, line in self._lines.items() if not line.waiting and not line.running]
        everybody = len(idle) == len(self._lines)
        for job in idle:
            if everybody or self._lines[job].used_s <= self._clock_s:
                del self._lines[job]
