"""A fair queue of shards: a small job does not wait for all of a large one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

BACKLOG_S = 2.0  # seconds of uninterrupted waiting items; from then on a new job would have to wait as well
# Seconds without a turn for any job; from then on a job with fewer processes than another starves.
STARVATION_S = 0.25


@dataclass
class _JobQueue(Generic[Item]):
    """The waiting items of one job, the number of its running items and the seconds that it has used."""

    priority: int
    used_s: float
    running: int = 0
    waiting: list[Item] = field(default_factory=list)


class FairQueue(Generic[Item]):
    """Items of several jobs, handed out one at a time. Safe to share between threads.

    The next item belongs to the waiting jobs of the highest priority. Among these, the job with the fewest
    running items comes first, and among equals the job that has used the least time. A job that is new, or
    comes back, starts level with the job that was served last: unused time is no credit (start-time fair
    queueing, Goyal et al. 1996, with measured times instead of announced ones).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._queues: dict[Hashable, _JobQueue[Item]] = {}
        self._changed = threading.Condition()
        self._time_s = clock
        self._last_turn_s = clock()
        self._backlog_since_s: float | None = None
        self._virtual_time_s = 0.0  # seconds used by the job that was served last, before that turn
        self._closed = False

    def add(self, job: Hashable, priority: int, items: list[Item]) -> None:
        """Append items to the queue of a job, whose priority becomes the one given here."""
        with self._changed:
            job_queue = self._queues.setdefault(job, _JobQueue(priority, self._virtual_time_s))
            if not job_queue.waiting and not job_queue.running:
                job_queue.used_s = max(job_queue.used_s, self._virtual_time_s)
            job_queue.priority = priority
            job_queue.waiting += items
            self._update_backlog()
            self._changed.notify_all()

    def take(self) -> tuple[Hashable, Item] | None:
        """Wait for the next item. Return its job and the item, or None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_waiting())
            if self._closed:
                return None
            self._last_turn_s = self._time_s()
            return self._hand_out(*self._next())

    def wait_for_starvation(self) -> None:
        """Wait until a job starves, or a new job would, or the queue is closed."""
        with self._changed:
            while not self._closed and not self._is_starving():
                left_s = None
                if self._backlog_since_s is not None:
                    left_s = self._backlog_since_s + BACKLOG_S - self._time_s()
                    if left_s <= 0.0:
                        return
                self._changed.wait(left_s)

    def has_backlog(self) -> bool:
        """Return whether any item waits."""
        return self._backlog_since_s is not None

    def take_starving(self, timeout_s: float | None = None) -> tuple[Hashable, Item] | None:
        """Wait for an item of a job that starves. Return its job and the item.

        Return None once the queue is closed, or after the time-out. The next job in turn starves under two
        conditions: another job of no higher priority has more items running, and no turn came for
        STARVATION_S because the running items are long.
        """
        give_up_s = None if timeout_s is None else self._time_s() + timeout_s
        with self._changed:
            while not self._closed:
                deadlines_s = [] if give_up_s is None else [give_up_s]
                if self._is_starving():
                    deadlines_s.append(self._last_turn_s + STARVATION_S)
                    if self._time_s() >= deadlines_s[-1]:
                        return self._hand_out(*self._next())
                left_s = min(deadlines_s) - self._time_s() if deadlines_s else None
                if left_s is not None and left_s <= 0.0:
                    return None
                self._changed.wait(left_s)
            return None

    def done(self, job: Hashable, used_s: float) -> None:
        """Record that an item of the job ended after `used_s` seconds."""
        with self._changed:
            job_queue = self._queues[job]
            job_queue.running -= 1
            job_queue.used_s += used_s
            self._drop_idle()
            self._changed.notify_all()

    def withdraw(self, job: Hashable, items: list[Item]) -> None:
        """Remove the given items from the queue of a job; items that run already are not affected."""
        with self._changed:
            if job in self._queues:
                job_queue = self._queues[job]
                job_queue.waiting = [
                    item for item in job_queue.waiting if not any(item is withdrawn for withdrawn in items)
                ]
                self._update_backlog()
                self._drop_idle()

    def close(self) -> None:
        """Make every waiting call, and every later one, return None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def load(self) -> int:
        """Return the number of items that run or wait."""
        with self._changed:
            return sum(job_queue.running + len(job_queue.waiting) for job_queue in self._queues.values())

    @property
    def closed(self) -> bool:
        """Return whether the queue is closed and hands out no more items."""
        return self._closed

    def _has_waiting(self) -> bool:
        return any(job_queue.waiting for job_queue in self._queues.values())

    def _next(self) -> tuple[Hashable, _JobQueue[Item]]:
        """Return the waiting job whose turn it is, with its queue."""
        # Ties go to the job that came first: dicts keep their order, and min takes the first.
        return min(
            ((job, job_queue) for job, job_queue in self._queues.items() if job_queue.waiting),
            key=lambda entry: (-entry[1].priority, entry[1].running, entry[1].used_s),
        )

    def _is_starving(self) -> bool:
        """Return whether the next job has fewer running items than another job of no higher priority."""
        if not self._has_waiting():
            return False
        _, upcoming = self._next()
        return any(
            job_queue.running > upcoming.running and job_queue.priority <= upcoming.priority
            for job_queue in self._queues.values()
        )

    def _hand_out(self, job: Hashable, job_queue: _JobQueue[Item]) -> tuple[Hashable, Item]:
        self._virtual_time_s = max(self._virtual_time_s, job_queue.used_s)
        job_queue.running += 1
        item = job_queue.waiting.pop(0)
        self._update_backlog()
        return job, item

    def _update_backlog(self) -> None:
        """Record since when items have been waiting."""
        if not self._has_waiting():
            self._backlog_since_s = None
        elif self._backlog_since_s is None:
            self._backlog_since_s = self._time_s()

    def _drop_idle(self) -> None:
        """Drop the idle queues whose job would start at the same used time as a new one.

        If every queue is idle, drop all of them: the next jobs start level with each other.
        """
        idle = [
            job for job, job_queue in self._queues.items() if not job_queue.waiting and not job_queue.running
        ]
        all_idle = len(idle) == len(self._queues)
        for job in idle:
            if all_idle or self._queues[job].used_s <= self._virtual_time_s:
                del self._queues[job]
