"""Evaluates shards of batches in a pool of processes, each of which can be killed without harm."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from os import getpid

from pebble import ProcessExpired, ProcessPool

from app.domain.records import TrialResult
from app.observability import tracing
from app.services.job_runs import Interrupted
from app.tuning.evaluation.shards import Shard, deadline_s, evaluate
from app.worker.pool.bootstrap import prepare
from app.worker.pool.fair_queue import Turns

logger = logging.getLogger(__name__)

CONTROL_INTERVAL_S = 0.5  # between looks at whether the job should go on
SPARE_IDLE_S = 60.0  # without work; then a spare process ends
MAX_ATTEMPTS = 5  # of a shard whose process died or hung
RETRY_WAIT_S = 0.5  # times the number of attempts: whatever kills processes may pass

Results = list[TrialResult]


class ShardLost(Exception):
    """A shard killed, was killed with, or hung every process that tried it."""


@dataclass(frozen=True)
class Line:
    """Whose shards these are, and how urgent: jobs take turns, the higher priority goes first."""

    job_id: str
    priority: int = 0


class Pool:
    """Processes with one BLAS thread each. Safe to share between threads; shards wait their turn.

    A shard that runs is not put aside for another. So that a job of long ones holds nobody up, as many spare
    processes serve who waits meanwhile, and share the cores with those: a job gets half of the machine beside
    another one. They start once work is waiting for a while, and end when none does.
    """

    def __init__(self, processes: int, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._max_attempts = max_attempts
        self._processes = processes
        self._turns: Turns[_Task] = Turns()
        # A Pebble pool of one for each process. In a larger one the processes share a lock, and one that is
        # killed while it waits for work takes the lock with it: the others then wait for ever.
        self._slots = [_Slot() for _ in range(processes)]
        for i, slot in enumerate(tuple(self._slots)):
            threading.Thread(target=self._serve, args=(slot,), name=f"shard-{i}", daemon=True).start()
            threading.Thread(target=self._serve_held_up, name=f"spare-{i}", daemon=True).start()

    def run(
        self, line: Line, shards: Sequence[Shard], go_on: Callable[[], bool]
    ) -> Iterator[tuple[int, Results | ShardLost]]:
        """Yields (index, results) of each shard as it ends, in any order; see `Batches.next`."""
        batches = self.open(line)
        try:
            batches.add(shards)
            for _ in shards:
                yield batches.next(go_on)
        finally:
            batches.close()

    def open(self, line: Line) -> Batches:
        """Shards of a job that are added as they come."""
        return Batches(self._turns, line)

    def idle(self) -> int:
        """How many processes have nothing to do."""
        return max(0, self._processes - self._turns.load())

    def kill(self) -> None:
        """Kills the processes, whatever they run."""
        self._turns.close()
        for slot in tuple(self._slots):
            slot.kill()

    def _serve(self, slot: _Slot) -> None:
        while (turn := self._turns.take()) is not None:
            self._work(slot, *turn)

    def _serve_held_up(self) -> None:
        """The life of a spare process."""
        while not self._turns.closed:
            self._turns.wait_for_hold_up()
            slot = _Slot()
            self._slots.append(slot)
            slot.wait_ready()  # a shard must not wait for this one while another process becomes free
            while True:
                turn = self._turns.take_held_up(SPARE_IDLE_S)
                if turn is not None:
                    self._work(slot, *turn)
                elif self._turns.closed or not self._turns.has_backlog():
                    break
            self._slots.remove(slot)
            slot.kill()

    def _work(self, slot: _Slot, job_id: Hashable, task: _Task) -> None:
        started = time.monotonic()
        try:
            with tracing.span("shard", job_id=str(job_id), trials=len(task.shard.numbers)):
                task.results = self._evaluate(slot, task)
        except BaseException as error:  # the thread that waits for it raises it
            task.error = error
        self._turns.done(job_id, time.monotonic() - started)
        task.ended.put(task)

    def _evaluate(self, slot: _Slot, task: _Task) -> Results:
        limit_s = deadline_s(task.shard)
        for attempt in range(1, self._max_attempts + 1):
            try:
                return task.watch(slot.submit(task.shard, limit_s)).result()
            except TimeoutError:
                logger.warning(
                    "a shard ran for more than its deadline of %.0f s, attempt %d", limit_s, attempt
                )
            except (ProcessExpired, BrokenProcessPool):
                logger.warning("a process died while it evaluated a shard, attempt %d", attempt)
                time.sleep(RETRY_WAIT_S * attempt)
        raise ShardLost(
            f"the process that evaluated a batch died or hung {self._max_attempts} times, perhaps for want of"
            " memory; submit the job again with a smaller model, fewer replicates or a smaller batch_size"
        )


class Batches:
    """Shards of one job on their way through the pool; they are evaluated whether anybody waits or not."""

    def __init__(self, turns: Turns[_Task], line: Line) -> None:
        self._turns = turns
        self._line = line
        self._ended: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._tasks: dict[int, _Task] = {}  # not yet given back, by index
        self._count = 0
        self._look_at = time.monotonic() + CONTROL_INTERVAL_S

    def add(self, shards: Sequence[Shard]) -> range:
        """Puts shards at the end of the job's line; their indices count on from those before."""
        indices = range(self._count, self._count + len(shards))
        tasks = [_Task(i, shard, self._ended) for i, shard in zip(indices, shards, strict=True)]
        self._count = indices.stop
        self._tasks |= {task.index: task for task in tasks}
        self._turns.add(self._line.job_id, self._line.priority, tasks)
        return indices

    def next(self, go_on: Callable[[], bool]) -> tuple[int, Results | ShardLost]:
        """Waits for the next shard that ends, in any order, and gives its index and results.

        A shard whose process died, or hung beyond the shard's deadline, is tried again; where that does not
        help, its results are a ShardLost. go_on: asked twice a second; once it says no, running shards are
        killed and Interrupted is raised.
        """
        while True:
            task = _next(self._ended, self._look_at)
            if time.monotonic() >= self._look_at:
                if not go_on():
                    self.close()
                    raise Interrupted
                self._look_at = time.monotonic() + CONTROL_INTERVAL_S
            if task is not None:
                del self._tasks[task.index]
                return task.index, task.outcome()

    def close(self) -> None:
        """Takes back what waits, and kills what runs."""
        tasks = list(self._tasks.values())
        self._turns.withdraw(self._line.job_id, tasks)
        for task in tasks:
            task.cancel()


class _Task:
    """A shard on its way through the pool."""

    def __init__(self, index: int, shard: Shard, ended: queue.SimpleQueue[_Task]) -> None:
        self.index = index
        self.shard = shard
        self.ended = ended
        self.results: Results = []
        self.error: BaseException | None = None
        self._lock = threading.Lock()
        self._running: Future[Results] | None = None
        self._cancelled = False

    def watch(self, future: Future[Results]) -> Future[Results]:
        """Notes the evaluation; kills it at once where the task was cancelled already."""
        with self._lock:
            self._running = future
            if self._cancelled:
                future.cancel()
        return future

    def cancel(self) -> None:
        """Kills what runs; what has ended is not touched."""
        with self._lock:
            self._cancelled = True
            if self._running is not None:
                self._running.cancel()

    def outcome(self) -> Results | ShardLost:
        """The results, or that they are lost; raises whatever else went wrong."""
        if self.error is None or isinstance(self.error, ShardLost):
            return self.error or self.results
        raise self.error


class _Slot:
    """One process, replaced when it dies."""

    def __init__(self) -> None:
        self._pool = self._start()

    def submit(self, shard: Shard, limit_s: float) -> Future[Results]:
        try:
            return self._schedule(shard, limit_s)
        except RuntimeError:  # the process died while it had nothing to do
            logger.warning("an idle process died; starting another")
            # Not joined: there is no process left to end, and a broken pool may never join its threads.
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool = self._start()
            return self._schedule(shard, limit_s)

    def wait_ready(self) -> None:
        """Returns once the process could work, or has died trying."""
        wait([self._ready])

    def kill(self) -> None:
        # Pebble types its pool in part only.
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _schedule(self, shard: Shard, limit_s: float) -> Future[Results]:
        future: Future[Results] = self._pool.submit(evaluate, limit_s, shard)
        return future

    def _start(self) -> ProcessPool:
        # spawn: the worker has threads, and a fork of a process with threads can hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPool(max_workers=1, initializer=prepare, initargs=(getpid(),), context=context)
        self._ready = pool.schedule(_nothing)  # starts the process now, while nobody waits
        return pool


def _next(ended: queue.SimpleQueue[_Task], until: float) -> _Task | None:
    try:
        return ended.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        return None


def _nothing() -> None:
    """Starts the process of a slot."""
