"""The pool: results in any order, killed processes replaced, an interrupted job stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from app.services.job_runs import Interrupted
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, deadline_s, evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from app.worker.pool.pool import Pool
from app.worker.pool.protocols import JobPriority, ShardLost
from tests.support.make_spec import MakeSpec
from tests.support.server import wait_for

pytestmark = pytest.mark.slow

JOB = JobPriority("job")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(2)
    yield pool
    pool.kill()


def shards(spec: JobSpec) -> list[Shard]:
    """Return the shards of the first round, one trial each."""
    numbers = Plan.of(spec).rounds.numbers(0)
    (whole,) = shards_of_round(spec, 0, numbers, ask_round(Plan.of(spec), 0, []))
    return [
        Shard(spec=spec, numbers=(number,), configurations=(configuration,), replicates=(0,))
        for number, configuration in zip(whole.numbers, whole.configurations, strict=True)
    ]


def test_every_shard_is_evaluated_once_with_the_same_results(pool: Pool, make_spec: MakeSpec) -> None:
    cut = shards(make_spec(pruner={"kind": "none"}))
    outcomes = dict(pool.run(JOB, cut, lambda: True))
    assert sorted(outcomes) == [0, 1, 2, 3]
    for i, results in outcomes.items():
        assert not isinstance(results, ShardLost)
        assert [result.value for result in results] == [result.value for result in evaluate(cut[i])]


def test_a_job_that_should_not_go_on_is_stopped(pool: Pool, make_spec: MakeSpec) -> None:
    long = make_spec(pruner={"kind": "none"}, budget={"trials": 4, "steps": 10_000_000})
    with pytest.raises(Interrupted):
        list(pool.run(JOB, shards(long), lambda: False))
    quick = dict(pool.run(JOB, shards(make_spec(pruner={"kind": "none"})), lambda: True))
    assert len(quick) == 4


def test_killed_processes_are_replaced_and_their_shards_tried_again(pool: Pool, make_spec: MakeSpec) -> None:
    killed: list[int] = []

    def kill_once() -> bool:
        if not killed:
            killed.extend(child.pid for child in multiprocessing.active_children() if child.pid)
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
        return True

    cut = shards(make_spec(pruner={"kind": "none"}, budget={"trials": 4, "steps": 30_000}))
    assert len(dict(pool.run(JOB, cut, kill_once))) == 4
    assert killed


def test_a_pool_that_broke_while_idle_is_rebuilt(pool: Pool, make_spec: MakeSpec) -> None:
    cut = shards(make_spec(pruner={"kind": "none"}))
    list(pool.run(JOB, cut, lambda: True))
    victims = [child for child in multiprocessing.active_children() if child.pid]
    for child in victims:
        os.kill(child.pid or 0, signal.SIGKILL)
    wait_for(lambda: not any(child.is_alive() for child in victims), 5.0, lambda: "the processes to die")
    assert len(dict(pool.run(JOB, cut, lambda: True))) == 4


def test_a_hung_batch_is_killed_at_its_deadline_and_then_given_up(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def limit(shard: Shard) -> float:
        limits.append(deadline_s(shard))
        return 1.0

    monkeypatch.setattr("app.worker.pool.pool.deadline_s", limit)
    long = make_spec(
        search_space={"optimizers": [{"kind": "adam", "learning_rate": 1e-6}]},
        pruner={"kind": "none"},
        budget={"trials": 4, "steps": 10_000_000},
    )
    pool = Pool(1, max_attempts=2)
    try:
        ((_, lost),) = pool.run(JOB, shards(long)[:1], lambda: True)
        assert isinstance(lost, ShardLost)
        assert "2 times" in str(lost)
        assert limits[0] > 60.0
        ((_, results),) = pool.run(JOB, shards(make_spec(pruner={"kind": "none"}))[:1], lambda: True)
        assert not isinstance(results, ShardLost)
    finally:
        pool.kill()


def test_a_small_job_does_not_wait_for_all_of_a_large_one(pool: Pool, make_spec: MakeSpec) -> None:
    cut = shards(make_spec(pruner={"kind": "none"}, budget={"trials": 4, "steps": 20_000}))
    ended: list[str] = []

    def run(job: str, count: int) -> None:
        for _ in pool.run(JobPriority(job), cut[:1] * count, lambda: True):
            ended.append(job)  # noqa: PERF401 - another thread reads the list meanwhile

    large = threading.Thread(target=run, args=("large", 12))
    large.start()
    wait_for(lambda: bool(ended), 60.0, lambda: "the first of the large job")
    run("small", 2)
    assert ended.count("large") < 12
    large.join(60)
    assert ended.count("large") == 12
