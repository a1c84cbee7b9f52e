"""Evaluates shards of a batch in a pool of processes, each of which can be killed without harm."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from os import getpid

from pebble import ProcessExpired, ProcessPool

from app.services.work import Interrupted
from app.spec.records import TrialResult
from app.tuning.evaluate import Shard, evaluate
from app.worker.process import prepare

logger = logging.getLogger(__name__)

CONTROL_INTERVAL_S = 0.5  # between looks at whether the job should go on
MAX_ATTEMPTS = 5  # of a shard whose process died
RETRY_WAIT_S = 0.5  # times the number of attempts: whatever kills processes may pass

Results = list[TrialResult]


class ProcessesDied(Exception):
    """A shard killed, or was killed with, every process that tried it."""


class Pool:
    """Processes with one BLAS thread each. Safe to share between threads; shards wait their turn."""

    def __init__(self, processes: int) -> None:
        # A Pebble pool of one for each process. In a larger one the processes share a lock, and one that is
        # killed while it waits for work takes the lock with it: the others then wait for ever.
        self._slots: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for _ in range(processes):
            self._slots.put(_Slot())
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="shard")
        self._processes = processes

    def run(self, shards: Sequence[Shard], go_on: Callable[[], bool]) -> Iterator[tuple[int, Results]]:
        """Yields (index, results) of each shard as it ends, in any order.

        go_on: asked twice a second; once it says no, running shards are killed and Interrupted is raised.
        A shard whose process died is tried again; raises ProcessesDied when that does not help.
        """
        ticket = _Ticket()
        waiting = {self._threads.submit(self._evaluate, shard, ticket): i for i, shard in enumerate(shards)}
        try:
            while waiting:
                done, _ = wait(waiting, timeout=CONTROL_INTERVAL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
                if not go_on():
                    raise Interrupted
        finally:
            for future in waiting:
                future.cancel()
            ticket.cancel()

    def kill(self) -> None:
        """Kills the processes, whatever they run."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for _ in range(self._processes):
            self._slots.get().kill()

    def _evaluate(self, shard: Shard, ticket: _Ticket) -> Results:
        slot = self._slots.get()
        try:
            for attempt in range(1, MAX_ATTEMPTS + 1):
                try:
                    return ticket.watch(slot.submit(shard)).result()
                except (ProcessExpired, BrokenProcessPool):
                    logger.warning("a process died while it evaluated a shard, attempt %d", attempt)
                    time.sleep(RETRY_WAIT_S * attempt)
            raise ProcessesDied(
                f"the process that evaluated a batch died {MAX_ATTEMPTS} times, perhaps for want of memory;"
                " submit the job again with a smaller model, fewer replicates or a smaller batch_size"
            )
        finally:
            self._slots.put(slot)


class _Slot:
    """One process, replaced when it dies."""

    def __init__(self) -> None:
        self._pool = self._start()

    def submit(self, shard: Shard) -> Future[Results]:
        try:
            return self._schedule(shard)
        except RuntimeError:  # the process died while it had nothing to do
            logger.warning("an idle process died; starting another")
            # Not joined: there is no process left to end, and a broken pool may never join its threads.
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool = self._start()
            return self._schedule(shard)

    def kill(self) -> None:
        # Pebble types its pool in part only.
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _schedule(self, shard: Shard) -> Future[Results]:
        future: Future[Results] = self._pool.submit(evaluate, None, shard)
        return future

    def _start(self) -> ProcessPool:
        # spawn: the worker has threads, and a fork of a process with threads can hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPool(max_workers=1, initializer=prepare, initargs=(getpid(),), context=context)
        pool.schedule(_nothing)  # starts the process now, while nobody waits
        return pool


class _Ticket:
    """The running evaluations of one call of `Pool.run`, to be killed together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Future[Results]] = []
        self._cancelled = False

    def watch(self, future: Future[Results]) -> Future[Results]:
        """Notes an evaluation; kills it at once where the others were killed already."""
        with self._lock:
            self._running.append(future)
            if self._cancelled:
                future.cancel()
        return future

    def cancel(self) -> None:
        """Kills what runs; what has ended is not touched."""
        with self._lock:
            self._cancelled = True
            for future in self._running:
                future.cancel()


def _nothing() -> None:
    """Starts the process of a slot."""
