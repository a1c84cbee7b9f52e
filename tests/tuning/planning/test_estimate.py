from __future__ import annotations

from typing import Any

import pytest

from app.engine.trajectories import codec
from app.tuning.evaluation.shards import evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from tests.support.jobs import DIGITS, NOISY, job, space

SGD = space({"kind": "sgd"})


def test_the_operations_count_every_run() -> None:
    plan = Plan.of(job(NOISY, trials=20, steps=30, replicates=2, pruner={"kind": "none"}, search_space=SGD))
    runs = 20 * 2 + sum(plan.stage_runs.values())
    assert plan.estimate.runs == runs
    single = Plan.of(
        job(NOISY, trials=1, steps=1, replicates=1, confirmation=None, search_space=SGD)
    ).estimate
    assert plan.estimate.operations == pytest.approx(runs * 30 * single.operations)


def test_the_operations_are_the_mean_over_batch_sizes() -> None:
    def operations(size: object) -> float:
        return Plan.of(job(DIGITS, search_space=SGD | {"batch_size": size})).estimate.operations

    small, large, both = operations(32), operations(128), operations({"choices": [32, 128]})
    assert both == pytest.approx((small + large) / 2)
    assert small < large


def test_more_of_anything_costs_more() -> None:
    def cost(**parts: Any) -> tuple[float, float, int, int]:
        estimate = Plan.of(job(NOISY, **({"trials": 16, "steps": 100} | parts))).estimate
        return estimate.operations, estimate.seconds_on_one_core, estimate.bytes_stored, estimate.runs

    less = cost()
    for more in (cost(trials=32), cost(replicates=8), cost(confirmation={"top": 8, "replicates": 128})):
        assert all(a < b for a, b in zip(less[:2] + less[3:], more[:2] + more[3:], strict=True))
    assert all(a < b for a, b in zip(less[:3], cost(steps=200)[:3], strict=True))


def test_the_bytes_are_close_to_the_stored_trajectories() -> None:
    for objective, steps in ((NOISY, 60), (NOISY, 2_000), (DIGITS, 60)):
        spec = job(objective, trials=16, steps=steps, confirmation=None, pruner={"kind": "none"})
        plan = Plan.of(spec)
        shards = shards_of_round(spec, 0, plan.rounds.numbers(0), ask_round(plan, 0, []))
        results = [result for shard in shards for result in evaluate(shard)]
        stored = sum(len(result.trajectory or b"") for result in results)
        assert all(codec.decode(result.trajectory or b"") for result in results)
        estimate = plan.estimate.bytes_stored - 16 * 4_000 - 60_000
        assert 0.9 * stored <= estimate <= 1.5 * stored
