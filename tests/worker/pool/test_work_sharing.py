"""Workers with idle processes share a wide batch, and each shard is stored once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.db import Database
from app.db.queries import workers
from app.domain.records import TrialResult
from app.services import job_runs, jobs, shard_leases
from app.services.job_runs import Interrupted
from app.settings import Settings
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from app.worker.pool.protocols import BatchSet, JobPriority, Outcome, ShardLost
from app.worker.pool.work_sharing import Fanout, Helpers
from tests.support.in_process_worker import InThisProcess
from tests.support.make_spec import MakeSpec
from tests.support.server import wait_for

Batch = tuple[str, list[Shard]]
SILENCE_S = 15.0


class Gated(InThisProcess):
    """A pool that evaluates nothing before its gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.evaluated: list[int] = []
        self.batches: list[int] = []

    def idle(self) -> int:
        return 1

    def run(
        self, job: JobPriority, shards: Sequence[Shard], go_on: Callable[[], bool]
    ) -> Iterator[tuple[int, Outcome]]:
        while not self.gate.wait(0.01):
            if not go_on():
                raise Interrupted
        self.batches.append(len(shards))
        self.evaluated += [shard.numbers[0] for shard in shards]
        yield from super().run(job, shards, go_on)


@pytest.fixture
def batch(db: Database, settings: Settings, make_spec: MakeSpec) -> Batch:
    """Return a running job, and a round of it in six shards; two workers live."""
    spec = make_spec(budget={"trials": 6, "steps": 5}, sampler={"kind": "random"}, pruner={"kind": "none"})
    job_id = jobs.submit(db, settings, spec).id
    job_runs.start(db, job_id, 1)
    with db.write() as session:
        for name in ("one", "two"):
            workers.beat(session, name, datetime.now(UTC))
    numbers, asked = Plan.of(spec).rounds.numbers(0), ask_round(Plan.of(spec), 0, [])
    return job_id, [
        Shard(spec=spec, numbers=(number,), configurations=(configuration,), replicates=(0,))
        for number, configuration in zip(numbers, asked, strict=True)
    ]


def values(results: Outcome) -> list[float | None]:
    """Return the values of the trials of a shard."""
    assert not isinstance(results, ShardLost)
    return [result.value for result in results]


def outcomes(shared: BatchSet, shards: list[Shard]) -> Iterator[tuple[int, Outcome]]:
    """Yield the outcomes of all shards of one batch, as they end."""
    shared.add(shards)
    try:
        for _ in shards:
            yield shared.next(lambda: True)
    finally:
        shared.close()


@contextmanager
def lending(helpers: Helpers) -> Iterator[None]:
    """Let the helpers look for shards again and again."""
    done = threading.Event()

    def help_out() -> None:
        while not done.wait(0.01):
            helpers.look()

    thread = threading.Thread(target=help_out)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        wait_for(lambda: not helpers.busy(), 10, lambda: "the helpers to end")


def publish(db: Database, job_id: str, shards: Sequence[Shard]) -> str:
    """Publish a batch for lease, and return its id."""
    batch = shard_leases.new_batch()
    shard_leases.publish(db, job_id, 1, batch, dict(enumerate(shards)))
    return batch


def test_two_workers_share_a_wide_batch_and_give_the_values_of_one(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    here, there = Gated(), Gated()
    there.gate.set()
    results: dict[int, Outcome] = {}
    shared = Fanout(db, here, processes=1, silence_s=SILENCE_S).open(JobPriority(job_id), 1)
    with lending(Helpers(db, there, processes=1)):
        for place, outcome in outcomes(shared, shards):
            results[place] = outcome
            if len(results) == 3:
                here.gate.set()
    assert here.evaluated
    assert len(there.evaluated) >= 3
    assert [values(results[i]) for i in range(6)] == [values(evaluate(shard)) for shard in shards]
    assert shard_leases.acquire(db) is None


def test_a_batch_is_not_shared_if_it_fits_or_no_other_worker_runs(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    pool = Gated()
    pool.gate.set()
    assert (
        len(
            dict(
                outcomes(
                    Fanout(db, pool, processes=6, silence_s=SILENCE_S).open(JobPriority(job_id), 1), shards
                )
            )
        )
        == 6
    )
    with db.write() as session:
        workers.forget(session, "two")
    assert (
        len(
            dict(
                outcomes(
                    Fanout(db, pool, processes=1, silence_s=SILENCE_S).open(JobPriority(job_id), 1), shards
                )
            )
        )
        == 6
    )
    assert pool.batches == [6, 6]


def test_batches_are_added_while_others_are_evaluated(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    pool = Gated()
    shared = Fanout(db, pool, processes=1, silence_s=SILENCE_S).open(JobPriority(job_id), 1)
    assert shared.add(shards[:1]) == range(1)
    assert shared.add(shards[1:]) == range(1, 6)
    pool.gate.set()
    results = dict(shared.next(lambda: True) for _ in shards)
    shared.close()
    assert [values(results[i]) for i in range(6)] == [values(evaluate(shard)) for shard in shards]


def test_an_interrupted_batch_is_withdrawn(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    shared = Fanout(db, Gated(), processes=1, silence_s=SILENCE_S).open(JobPriority(job_id), 1)
    shared.add(shards)
    with pytest.raises(Interrupted):
        shared.next(lambda: False)
    assert shard_leases.acquire(db) is None


def test_a_shard_whose_lease_expired_is_leased_again_and_delivered_once(
    db: Database, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, shards = batch
    published = publish(db, job_id, shards[:1])
    monkeypatch.setattr(shard_leases, "LEASE", timedelta(0))
    frozen = shard_leases.acquire(db)
    monkeypatch.setattr(shard_leases, "LEASE", timedelta(minutes=1))
    second = shard_leases.acquire(db)
    assert frozen is not None
    assert second is not None
    assert shard_leases.acquire(db) is None
    results: list[TrialResult] = evaluate(shards[0])
    assert shard_leases.deliver(db, second, results)
    assert not shard_leases.renew(db, frozen)
    assert not shard_leases.deliver(db, frozen, [])
    (only,) = shard_leases.collect(db, published)
    assert repr(only.results) == repr(results)
    assert shard_leases.collect(db, published) == []


def test_a_shard_that_killed_every_process_elsewhere_is_lost(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    published = publish(db, job_id, shards[:1])
    taken = shard_leases.acquire(db)
    assert taken is not None
    assert shard_leases.deliver(db, taken, [], "died 5 times")
    assert [part.lost for part in shard_leases.collect(db, published)] == ["died 5 times"]


def test_shards_of_an_earlier_attempt_or_run_are_not_leased(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    publish(db, job_id, shards[:3])
    mine = publish(db, job_id, shards[3:4])
    taken = shard_leases.acquire(db)
    assert taken is not None
    assert taken.batch == mine
    assert shard_leases.acquire(db) is None
    publish(db, job_id, shards)
    job_runs.start_anew(db, job_id, 1)
    assert shard_leases.acquire(db) is None


def test_no_worker_helps_without_an_idle_process(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    published = publish(db, job_id, shards)
    Helpers(db, Gated(), processes=0).look()
    first = shard_leases.acquire(db, published)
    assert first is not None
    assert first.place == 0


def test_helpers_count_the_shards_that_they_evaluate(db: Database, batch: Batch) -> None:
    job_id, shards = batch
    publish(db, job_id, shards[:2])
    counted: list[int] = []
    pool = Gated()
    pool.gate.set()
    helpers = Helpers(db, pool, processes=1, count=lambda: counted.append(1))
    helpers.look()
    wait_for(lambda: not helpers.busy(), 10, lambda: "the helpers to end")
    assert len(counted) == 2
