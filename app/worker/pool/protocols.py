"""The interface of a pool: what the steps of a job and of a replay need of it, and the types that cross it.

`Pool` evaluates shards in processes of this worker, `Fanout` shares them with other workers, and the tests
evaluate shards in their own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.records import TrialResult
from app.tuning.evaluation.shards import Shard


class ShardLost(Exception):
    """Every process that tried a shard died or hung."""


@dataclass(frozen=True)
class JobPriority:
    """The job that shards belong to, and its priority: shards of a higher priority are evaluated first.

    job_id: the fair queue shares the processes among these ids. A replay has an id of its own.
    """

    job_id: str
    priority: int = 0


Results = list[TrialResult]
Outcome = Results | ShardLost


class BatchSet(Protocol):
    """The batches of one job: shards are added as the job asks for them, and evaluated in the background."""

    def add(self, shards: Sequence[Shard]) -> range:
        """Queue the shards for evaluation. Return their indices, which continue those of earlier calls."""

    def next(self, go_on: Callable[[], bool]) -> tuple[int, Outcome]:
        """Wait for the next shard that ends, in any order. Return its index and its outcome.

        A shard whose process dies is tried again, as is a shard that exceeds its deadline. After the last
        attempt its outcome is a ShardLost. `go_on` is called twice a second. If it returns False, the running
        shards are killed and Interrupted is raised.
        """

    def close(self) -> None:
        """Withdraw the shards that wait, and kill those that run."""


class ShardPool(Protocol):
    """Evaluates shards of several jobs. Safe to share between threads. A pool inherits `run`."""

    def open(self, job: JobPriority) -> BatchSet:
        """Return an empty set of batches of the job."""

    def run(
        self, job: JobPriority, shards: Sequence[Shard], go_on: Callable[[], bool]
    ) -> Iterator[tuple[int, Outcome]]:
        """Yield the index and the outcome of each shard as it ends, in any order; see `BatchSet.next`."""
        batches = self.open(job)
        try:
            batches.add(shards)
            for _ in shards:
                yield batches.next(go_on)
        finally:
            batches.close()

    def idle(self) -> int:
        """Return the number of processes that have nothing to do."""
