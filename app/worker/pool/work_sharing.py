"""Evaluates batches that are too wide for one worker together with the others.

The worker of the job offers every shard, and takes its own from the same offers: no plan of who does what is
needed, and nobody waits for a slow machine before the last few shards.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from app.db import Database
from app.db.transient_errors import is_passing
from app.services import shard_leases
from app.services.job_runs import Interrupted
from app.services.shard_leases import Taken
from app.tuning.evaluation.shards import Shard
from app.worker.pool.pool import CONTROL_INTERVAL_S, Batches, Line, Pool, Results, ShardLost

logger = logging.getLogger(__name__)

LOOK_S = 0.1  # between looks at what others delivered, while some of a batch is with them
TAKE_S = 0.25  # between looks for an offer that came, or whose lease ran out
THREADS_END_S = 2.0  # at the most; who still evaluates what nobody wants looks twice a second
RENEW_S = 4.0  # between renewals of a lease of 15 s

Outcome = Results | ShardLost


class Fanout:
    """Opens batches that are evaluated on a pool, and on those of other workers where there are any."""

    def __init__(self, db: Database, pool: Pool, *, processes: int) -> None:
        self._db = db
        self._pool = pool
        self._processes = processes

    def open(self, line: Line, run: int) -> Batches:
        """As `Pool.open`, for that run of the job; which worker evaluates a shard changes no value."""
        return Shared(self._db, self._pool, line, run, self._processes)


class Shared(Batches):
    """Batches of one run of a job; those that are too wide for this worker are on offer to all.

    Threads evaluate what this worker takes of them, so that it goes on while the job asks and stores.
    """

    def __init__(self, db: Database, pool: Pool, line: Line, run: int, processes: int) -> None:
        self._db = db
        self._pool = pool
        self._line = line
        self._run = run
        self._processes = processes
        self._batch = shard_leases.new_batch()
        self._ends: queue.SimpleQueue[tuple[int, Outcome] | BaseException] = queue.SimpleQueue()
        self._open: set[int] = set()  # whose outcome has not been given back
        self._offered: set[int] = set()  # of these
        self._count = 0
        self._threads: list[threading.Thread] = []
        self._hands_work = False
        self._closed = threading.Event()
        self._look_at = time.monotonic() + CONTROL_INTERVAL_S

    def add(self, shards: Sequence[Shard]) -> range:
        indices = range(self._count, self._count + len(shards))
        self._count = indices.stop
        self._open |= set(indices)
        if len(shards) > self._processes and shard_leases.others_live(self._db):
            places = dict(zip(indices, shards, strict=True))
            shard_leases.offer(self._db, self._line.job_id, self._run, self._batch, places)
            self._offered |= set(indices)
            if not self._hands_work:
                self._hands_work = True
                for _ in range(self._processes):
                    self._start(self._work)
        elif shards:
            self._start(lambda: self._evaluate_here(indices.start, shards))
        return indices

    def next(self, go_on: Callable[[], bool]) -> tuple[int, Outcome]:
        while True:
            with suppress(queue.Empty):
                end = self._ends.get(timeout=LOOK_S if self._offered else CONTROL_INTERVAL_S)
                if isinstance(end, BaseException):
                    raise end
                if end[0] in self._open:  # else two workers evaluated it, one after the other's lease
                    self._open.remove(end[0])
                    self._offered.discard(end[0])
                    return end
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + CONTROL_INTERVAL_S
                if not go_on():
                    self.close()
                    raise Interrupted
            if self._offered:
                for part in shard_leases.collect(self._db, self._batch):
                    self._ends.put((part.place, part.results if part.lost is None else ShardLost(part.lost)))

    def close(self) -> None:
        """Takes back what waits, here and elsewhere, and kills what runs."""
        self._closed.set()
        if self._offered:
            self._offered.clear()
            try:
                shard_leases.withdraw(self._db, self._batch)
            except DBAPIError as error:  # the job's next batch removes it
                logger.error("job %s: could not withdraw a batch: %s", self._line.job_id, error)
        for thread in self._threads:
            thread.join(THREADS_END_S)

    def _start(self, work: Callable[[], None]) -> None:
        def report() -> None:
            try:
                work()
            except BaseException as error:  # the thread of the job raises it
                self._ends.put(error)

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=report, name="shared", daemon=True))
        self._threads[-1].start()

    def _evaluate_here(self, first: int, shards: Sequence[Shard]) -> None:
        for i, outcome in self._pool.run(self._line, shards, self._goes_on):
            self._ends.put((first + i, outcome))

    def _work(self) -> None:
        """Takes offers of this batch, like a helper, and keeps what they give."""
        hand = Hand(self._db, self._pool, self._goes_on)
        while self._goes_on():
            taken = shard_leases.take(self._db, self._batch) if self._offered else None
            if taken is None:
                self._closed.wait(TAKE_S)
            elif (outcome := hand.evaluate(taken)) is not None:
                self._ends.put((taken.place, outcome))
                shard_leases.drop(self._db, taken)

    def _goes_on(self) -> bool:
        return not self._closed.is_set()


class Hand:
    """Evaluates one offer after another on the pool of this worker."""

    def __init__(self, db: Database, pool: Pool, go_on: Callable[[], bool]) -> None:
        self._db = db
        self._pool = pool
        self._go_on = go_on

    def evaluate(self, taken: Taken) -> Outcome | None:
        """What the shard gives; None where the lease is lost meanwhile. Raises Interrupted."""
        renew_at = time.monotonic() + RENEW_S
        held = True

        def wanted() -> bool:
            nonlocal renew_at, held
            if time.monotonic() >= renew_at:
                renew_at = time.monotonic() + RENEW_S
                held = shard_leases.renew(self._db, taken)
            return held and self._go_on()

        try:
            ((_, outcome),) = self._pool.run(Line(taken.job_id, taken.priority), [taken.shard], wanted)
        except Interrupted:
            if held:
                raise
            return None
        return outcome


class Helpers:
    """Lends the idle processes of this worker to the batches of others; `look` returns at once."""

    def __init__(
        self, db: Database, pool: Pool, *, processes: int, count: Callable[[], None] = lambda: None
    ) -> None:
        self._db = db
        self._pool = pool
        self._processes = processes
        self._count = count
        self._hands: set[threading.Thread] = set()

    def busy(self) -> bool:
        """Whether anything is evaluated for others."""
        return any(hand.is_alive() for hand in self._hands)

    def look(self) -> None:
        """Takes offers up with every process that has nothing to do."""
        self._hands = {hand for hand in self._hands if hand.is_alive()}
        for _ in range(min(self._pool.idle(), self._processes - len(self._hands))):
            taken = shard_leases.take(self._db)
            if taken is None:
                return
            hand = threading.Thread(target=self._help, args=(taken,), name="helper", daemon=True)
            self._hands.add(hand)
            hand.start()

    def _help(self, first: Taken) -> None:
        taken: Taken | None = first
        hand = Hand(self._db, self._pool, lambda: True)
        try:
            while taken is not None:
                outcome = hand.evaluate(taken)
                if isinstance(outcome, ShardLost):
                    shard_leases.deliver(self._db, taken, [], str(outcome))
                elif outcome is not None:
                    shard_leases.deliver(self._db, taken, outcome)
                    self._count()
                taken = shard_leases.take(self._db) if self._pool.idle() > 0 else None
        except DBAPIError as error:  # the lease runs out, and another takes it
            if not is_passing(error):
                raise
            logger.error("a shard of job %s: the database does not answer: %s", first.job_id, error)
