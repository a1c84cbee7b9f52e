"""Evaluation of one batch by several workers, for batches of more shards than this worker has processes.

The worker of the job publishes every shard for lease, and leases its share like any other worker. No plan
divides the shards, and a slow machine delays only the last few of them.
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
from app.db.transient_errors import is_transient
from app.services import shard_leases
from app.services.job_runs import Interrupted
from app.services.shard_leases import ShardLease
from app.tuning.evaluation.shards import Shard
from app.worker.pool.pool import CONTROL_INTERVAL_S
from app.worker.pool.protocols import BatchSet, JobPriority, Outcome, ShardLost, ShardPool

logger = logging.getLogger(__name__)

COLLECT_S = 0.1  # seconds between queries for delivered shards, while other workers hold some of a batch
LEASE_POLL_S = 0.25  # seconds between queries for a shard that is new, or whose lease has expired
JOIN_S = 2.0  # seconds to wait for each thread; an evaluation checks twice a second whether it is wanted
RENEW_S = 4.0  # seconds between renewals of a lease of 15 s


class Fanout:
    """Opens batches that this worker's pool evaluates, together with the pools of other workers if any live.

    silence_s: seconds without a heartbeat after which another worker counts as gone.
    """

    def __init__(self, db: Database, pool: ShardPool, *, processes: int, silence_s: float) -> None:
        self._db = db
        self._pool = pool
        self._processes = processes
        self._silence_s = silence_s

    def open(self, job: JobPriority, run_number: int) -> BatchSet:
        """Return an empty set of batches of the job; the worker that evaluates a shard changes no value."""
        return Shared(
            self._db, self._pool, job, run_number, processes=self._processes, silence_s=self._silence_s
        )


class Shared(BatchSet):
    """The batches of one run of a job; a batch that is too wide for this worker is published for lease.

    Threads evaluate this worker's share, so that the evaluation continues while the job asks and stores.
    """

    def __init__(
        self,
        db: Database,
        pool: ShardPool,
        job: JobPriority,
        run_number: int,
        *,
        processes: int,
        silence_s: float,
    ) -> None:
        self._db = db
        self._pool = pool
        self._job = job
        self._run_number = run_number
        self._processes = processes
        self._silence_s = silence_s
        self._batch = shard_leases.new_batch()
        self._ends: queue.SimpleQueue[tuple[int, Outcome] | BaseException] = queue.SimpleQueue()
        self._open: set[int] = set()  # indices whose outcome `next` has not returned
        self._published: set[int] = set()  # the open indices that any worker may lease
        self._count = 0
        self._threads: list[threading.Thread] = []
        self._leases_here = False  # whether threads of this worker lease shards of the batch
        self._closed = threading.Event()
        self._check_at = time.monotonic() + CONTROL_INTERVAL_S

    def add(self, shards: Sequence[Shard]) -> range:
        """Queue the shards for evaluation. Return their indices, which continue those of earlier calls.

        A batch of more shards than this worker has processes is published, if another worker lives.
        """
        indices = range(self._count, self._count + len(shards))
        self._count = indices.stop
        self._open |= set(indices)
        if len(shards) > self._processes and shard_leases.other_workers_live(self._db, self._silence_s):
            places = dict(zip(indices, shards, strict=True))
            shard_leases.publish(self._db, self._job.job_id, self._run_number, self._batch, places)
            self._published |= set(indices)
            if not self._leases_here:
                self._leases_here = True
                for _ in range(self._processes):
                    self._start(self._lease_and_evaluate)
        elif shards:
            self._start(lambda: self._evaluate_here(indices.start, shards))
        return indices

    def next(self, go_on: Callable[[], bool]) -> tuple[int, Outcome]:
        """Wait for the next shard that ends, on any worker; see `BatchSet.next`. Raises Interrupted."""
        while True:
            with suppress(queue.Empty):
                end = self._ends.get(timeout=COLLECT_S if self._published else CONTROL_INTERVAL_S)
                if isinstance(end, BaseException):
                    raise end
                if end[0] in self._open:  # else a second worker evaluated it, after the first lease expired
                    self._open.remove(end[0])
                    self._published.discard(end[0])
                    return end
            if time.monotonic() >= self._check_at:
                self._check_at = time.monotonic() + CONTROL_INTERVAL_S
                if not go_on():
                    self.close()
                    raise Interrupted
            if self._published:
                for part in shard_leases.collect(self._db, self._batch):
                    self._ends.put((part.place, part.results if part.lost is None else ShardLost(part.lost)))

    def close(self) -> None:
        """Withdraw the shards that wait, here and on other workers, and kill those that run."""
        self._closed.set()
        if self._published:
            self._published.clear()
            try:
                shard_leases.withdraw(self._db, self._batch)
            except DBAPIError as error:  # the job's next batch removes it
                logger.error("job %s: could not withdraw a batch: %s", self._job.job_id, error)
        for thread in self._threads:
            thread.join(JOIN_S)

    def _start(self, work: Callable[[], None]) -> None:
        def report() -> None:
            try:
                work()
            except BaseException as error:  # raised in the thread of the job
                self._ends.put(error)

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=report, name="shared", daemon=True))
        self._threads[-1].start()

    def _evaluate_here(self, first: int, shards: Sequence[Shard]) -> None:
        for i, outcome in self._pool.run(self._job, shards, self._goes_on):
            self._ends.put((first + i, outcome))

    def _lease_and_evaluate(self) -> None:
        """Lease shards of this batch and keep their outcomes, until the batches are closed."""
        evaluator = LeaseEvaluator(self._db, self._pool, self._goes_on)
        while self._goes_on():
            lease = shard_leases.acquire(self._db, self._batch) if self._published else None
            if lease is None:
                self._closed.wait(LEASE_POLL_S)
            elif (outcome := evaluator.evaluate(lease)) is not None:
                self._ends.put((lease.place, outcome))
                shard_leases.drop(self._db, lease)

    def _goes_on(self) -> bool:
        return not self._closed.is_set()


class LeaseEvaluator:
    """Evaluates leased shards on the pool of this worker, one after another, and renews their leases."""

    def __init__(self, db: Database, pool: ShardPool, go_on: Callable[[], bool]) -> None:
        self._db = db
        self._pool = pool
        self._go_on = go_on

    def evaluate(self, lease: ShardLease) -> Outcome | None:
        """Return the outcome of the shard, or None if the lease was lost meanwhile. Raises Interrupted."""
        renew_at = time.monotonic() + RENEW_S
        is_held = True

        def is_wanted() -> bool:
            nonlocal renew_at, is_held
            if time.monotonic() >= renew_at:
                renew_at = time.monotonic() + RENEW_S
                is_held = shard_leases.renew(self._db, lease)
            return is_held and self._go_on()

        try:
            job = JobPriority(lease.job_id, lease.priority)
            ((_, outcome),) = self._pool.run(job, [lease.shard], is_wanted)
        except Interrupted:
            if is_held:
                raise
            return None
        return outcome


class Helpers:
    """Threads that lend the idle processes of this worker to the batches of other workers.

    count: called after each shard that was evaluated for another worker.
    """

    def __init__(
        self, db: Database, pool: ShardPool, *, processes: int, count: Callable[[], None] = lambda: None
    ) -> None:
        self._db = db
        self._pool = pool
        self._processes = processes
        self._count = count
        self._threads: set[threading.Thread] = set()

    def busy(self) -> bool:
        """Return whether any shard is evaluated for another worker."""
        return any(thread.is_alive() for thread in self._threads)

    def look(self) -> None:
        """Lease a shard for every idle process, and return at once."""
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        for _ in range(min(self._pool.idle(), self._processes - len(self._threads))):
            lease = shard_leases.acquire(self._db)
            if lease is None:
                return
            thread = threading.Thread(target=self._help, args=(lease,), name="helper", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _help(self, first: ShardLease) -> None:
        lease: ShardLease | None = first
        evaluator = LeaseEvaluator(self._db, self._pool, lambda: True)
        try:
            while lease is not None:
                outcome = evaluator.evaluate(lease)
                if isinstance(outcome, ShardLost):
                    shard_leases.deliver(self._db, lease, [], str(outcome))
                elif outcome is not None:
                    shard_leases.deliver(self._db, lease, outcome)
                    self._count()
                lease = shard_leases.acquire(self._db) if self._pool.idle() > 0 else None
        except DBAPIError as error:  # the lease expires, and another worker acquires it
            if not is_transient(error):
                raise
            logger.error("a shard of job %s: the database does not answer: %s", first.job_id, error)
