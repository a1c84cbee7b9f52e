"""Processes that evaluate the shards of batches; each process can be killed without harm."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from os import getpid

from pebble import ProcessExpired, ProcessPool

from app.observability import tracing
from app.services.job_runs import Interrupted
from app.tuning.evaluation.shards import Shard, deadline_s, evaluate
from app.worker.pool.bootstrap import prepare
from app.worker.pool.fair_queue import FairQueue
from app.worker.pool.protocols import BatchSet, JobPriority, Outcome, Results, ShardLost, ShardPool

logger = logging.getLogger(__name__)

CONTROL_INTERVAL_S = 0.5  # seconds between checks whether the job should go on
SPARE_IDLE_S = 60.0  # seconds without work after which a spare process ends
MAX_ATTEMPTS = 5  # attempts at a shard whose process dies or hangs
RETRY_WAIT_S = 0.5  # seconds of pause, times the attempts so far: the cause of a dead process may pass


class Pool(ShardPool):
    """Processes with one BLAS thread each. Safe to share between threads; a fair queue orders the shards.

    A running shard is not suspended for another. To keep a job of long shards from starving the others, there
    are as many spare processes as regular ones. Spare processes evaluate the shards of starving jobs, and
    share the cores with the regular processes: each of two jobs gets half of the machine. Spare processes
    start after BACKLOG_S of waiting shards, and end after SPARE_IDLE_S without work.
    """

    def __init__(self, processes: int, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._max_attempts = max_attempts
        self._processes = processes
        self._queue: FairQueue[_Task] = FairQueue()
        # Each process is a Pebble pool of one. The processes of a larger pool share a lock. A process that is
        # killed while it waits for work would keep the lock, and the others would wait for ever.
        self._workers = [_WorkerProcess() for _ in range(processes)]
        for i, worker in enumerate(tuple(self._workers)):
            threading.Thread(target=self._serve, args=(worker,), name=f"shard-{i}", daemon=True).start()
            threading.Thread(target=self._serve_starving, name=f"spare-{i}", daemon=True).start()

    def open(self, job: JobPriority) -> Batches:
        """Return an empty set of batches of the job."""
        return Batches(self._queue, job)

    def idle(self) -> int:
        """Return the number of processes that have nothing to do."""
        return max(0, self._processes - self._queue.load())

    def kill(self) -> None:
        """Kill the processes, with the shards that they evaluate."""
        self._queue.close()
        for worker in tuple(self._workers):
            worker.kill()

    def _serve(self, worker: _WorkerProcess) -> None:
        while (turn := self._queue.take()) is not None:
            self._work(worker, *turn)

    def _serve_starving(self) -> None:
        """Start a spare process if a job starves, feed it, and end it once nothing waits; repeat."""
        while not self._queue.closed:
            self._queue.wait_for_starvation()
            worker = _WorkerProcess()
            self._workers.append(worker)
            worker.wait_ready()  # a shard must not wait for this process while another one becomes free
            while True:
                turn = self._queue.take_starving(SPARE_IDLE_S)
                if turn is not None:
                    self._work(worker, *turn)
                elif self._queue.closed or not self._queue.has_backlog():
                    break
            self._workers.remove(worker)
            worker.kill()

    def _work(self, worker: _WorkerProcess, job_id: Hashable, task: _Task) -> None:
        started = time.monotonic()
        try:
            with tracing.span("shard", job_id=str(job_id), trials=len(task.shard.numbers)):
                task.results = self._evaluate(worker, task)
        except BaseException as error:  # raised in the thread that waits for the task
            task.error = error
        self._queue.done(job_id, time.monotonic() - started)
        task.ended.put(task)

    def _evaluate(self, worker: _WorkerProcess, task: _Task) -> Results:
        limit_s = deadline_s(task.shard)
        for attempt in range(1, self._max_attempts + 1):
            try:
                return task.watch(worker.submit(task.shard, limit_s)).result()
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


class Batches(BatchSet):
    """The batches of one job in this pool. Shards are evaluated even while no thread waits for them."""

    def __init__(self, fair_queue: FairQueue[_Task], job: JobPriority) -> None:
        self._fair_queue = fair_queue
        self._job = job
        self._ended: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._tasks: dict[int, _Task] = {}  # by index, until `next` returns them
        self._count = 0
        self._check_at = time.monotonic() + CONTROL_INTERVAL_S

    def add(self, shards: Sequence[Shard]) -> range:
        """Append the shards to the job's queue. Return their indices, which continue the earlier ones."""
        indices = range(self._count, self._count + len(shards))
        tasks = [_Task(i, shard, self._ended) for i, shard in zip(indices, shards, strict=True)]
        self._count = indices.stop
        self._tasks |= {task.index: task for task in tasks}
        self._fair_queue.add(self._job.job_id, self._job.priority, tasks)
        return indices

    def next(self, go_on: Callable[[], bool]) -> tuple[int, Outcome]:
        """Wait for the next shard that ends; see `BatchSet.next`. Raises Interrupted."""
        while True:
            task = _next(self._ended, self._check_at)
            if time.monotonic() >= self._check_at:
                if not go_on():
                    self.close()
                    raise Interrupted
                self._check_at = time.monotonic() + CONTROL_INTERVAL_S
            if task is not None:
                del self._tasks[task.index]
                return task.index, task.outcome()

    def close(self) -> None:
        """Withdraw the shards that wait, and kill those that run."""
        tasks = list(self._tasks.values())
        self._fair_queue.withdraw(self._job.job_id, tasks)
        for task in tasks:
            task.cancel()


class _Task:
    """A shard in the pool, from its submission to its outcome."""

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
        """Remember the evaluation; kill it at once if the task was cancelled already."""
        with self._lock:
            self._running = future
            if self._cancelled:
                future.cancel()
        return future

    def cancel(self) -> None:
        """Kill the evaluation if it runs; an evaluation that has ended stays as it is."""
        with self._lock:
            self._cancelled = True
            if self._running is not None:
                self._running.cancel()

    def outcome(self) -> Outcome:
        """Return the results, or the ShardLost; raise any other error of the evaluation."""
        if self.error is None or isinstance(self.error, ShardLost):
            return self.error or self.results
        raise self.error


class _WorkerProcess:
    """One process of the pool, replaced when it dies."""

    def __init__(self) -> None:
        self._pool = self._start()

    def submit(self, shard: Shard, limit_s: float) -> Future[Results]:
        try:
            return self._schedule(shard, limit_s)
        except RuntimeError:  # the process died while it had nothing to do
            logger.warning("an idle process died; starting another")
            # Not joined: no process is left to end, and a broken pool may never join its threads.
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool = self._start()
            return self._schedule(shard, limit_s)

    def wait_ready(self) -> None:
        """Wait until the process is ready to work, or has died at its start."""
        wait([self._ready])

    def kill(self) -> None:
        # Pebble types only a part of its pool.
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _schedule(self, shard: Shard, limit_s: float) -> Future[Results]:
        future: Future[Results] = self._pool.submit(evaluate, limit_s, shard)
        return future

    def _start(self) -> ProcessPool:
        # spawn: the worker has threads, and the fork of a process with threads can hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPool(max_workers=1, initializer=prepare, initargs=(getpid(),), context=context)
        self._ready = pool.schedule(_nothing)  # starts the process now, before a shard waits for it
        return pool


def _next(ended: queue.SimpleQueue[_Task], until: float) -> _Task | None:
    try:
        return ended.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        return None


def _nothing() -> None:
    """Do nothing: the call only starts the process."""
