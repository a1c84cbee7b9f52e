from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from app.engine.trajectories import codec
from app.tuning.evaluation import shards as sharding
from app.tuning.evaluation.memory import batch_bytes
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    Seeds,
    gather,
    shards_of_request,
)
from app.tuning.evaluation.shards import evaluate
from tests.support.jobs import DIGITS, NOISY, configuration, job, run_request

CONFIRM = {"top": 3, "replicates": 6}
SPEC = job(NOISY, confirmation=CONFIRM)
SEEDS = range(Seeds.RACE, Seeds.RACE + 6)


def request(*rates: float, replicates: range = SEEDS, **parts: Any) -> EvaluationRequest:
    configurations = tuple(configuration("sgd", rate) for rate in rates)
    return EvaluationRequest(configurations=configurations, replicates=replicates, **({"steps": 60} | parts))


def test_no_stage_has_a_seed_of_another_or_of_the_search() -> None:
    most = 1024  # four times the most replicates of a confirmation
    stages = [range(first, first + most) for first in Seeds]
    assert len({*range(64), *(seed for stage in stages for seed in stage)}) == 64 + most * len(Seeds)


def test_a_request_without_shards_has_no_values() -> None:
    assert shards_of_request(SPEC, request()) == []
    assert gather([]).values.shape == (0, 0)


def test_a_request_is_cut_by_its_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(shards_of_request(SPEC, request(0.01, 0.1))) == 1
    monkeypatch.setattr(sharding, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(sharding, "STEP_OPERATIONS", 1.0)
    shards = shards_of_request(SPEC, request(0.01, 0.1))
    assert [shard.replicates for shard in shards] == [(Seeds.RACE + i,) for i in range(6)]
    assert all(shard.configurations == request(0.01, 0.1).configurations for shard in shards)
    assert not any(shard.record or shard.bracket is not None for shard in shards)


def test_configurations_that_exceed_the_memory_together_are_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    four = request(0.001, 0.003, 0.01, 0.03)
    whole = run_request(SPEC, four)
    three = [
        (configuration.optimizer_instance(), configuration.rows) for configuration in four.configurations[:3]
    ]
    monkeypatch.setattr(sharding, "SHARD_BYTES", batch_bytes(SPEC, three))
    shards = shards_of_request(SPEC, four)
    assert {shard.numbers for shard in shards} == {(0, 1), (2, 3)}
    assert len(shards) == 8  # twelve runs a group, of which three fit a shard
    np.testing.assert_array_equal(run_request(SPEC, four).values, whole.values)


def test_a_request_gives_the_same_values_however_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_request(SPEC, request(0.01, 0.1))
    monkeypatch.setattr(sharding, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(sharding, "STEP_OPERATIONS", 1.0)
    np.testing.assert_array_equal(run_request(SPEC, request(0.01, 0.1)).values, whole.values)
    assert whole.values.shape == (2, 6)


def test_the_values_of_a_configuration_do_not_depend_on_others() -> None:
    alone = run_request(SPEC, request(0.1)).values
    np.testing.assert_array_equal(run_request(SPEC, request(0.01, 0.1, 0.2)).values[1:2], alone)


def test_values_have_a_row_per_configuration_and_nan_for_a_diverged_run() -> None:
    values = run_request(job(confirmation=CONFIRM), request(0.5, 1e-4, replicates=range(5, 7))).values
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()


@pytest.mark.parametrize("operations", [2e9, 1.0])
def test_metrics_are_means_over_all_replicates_however_a_request_is_cut(
    monkeypatch: pytest.MonkeyPatch, operations: float
) -> None:
    monkeypatch.setattr(sharding, "SHARD_OPERATIONS", operations)
    monkeypatch.setattr(sharding, "STEP_OPERATIONS", 1.0)
    result = run_request(SPEC, request(0.01, 0.1))
    np.testing.assert_allclose(result.metrics["loss"], result.values.mean(axis=1), rtol=1e-14)


def test_a_metric_that_a_replicate_lacks_is_unknown() -> None:
    (shard,) = shards_of_request(SPEC, request(0.01, 0.1))
    whole = evaluate(shard)
    half = [dataclasses.replace(result, metrics={}) for result in whole]
    lost = [dataclasses.replace(result, metrics={"loss": None}) for result in whole]
    for other in (half, lost):
        assert np.isnan(gather([whole, other]).metrics["loss"]).all()


def test_a_request_may_be_longer_than_the_trials() -> None:
    (shard,) = shards_of_request(SPEC, request(0.01, steps=120))
    assert (shard.spec.budget.steps, SPEC.budget.steps) == (120, 60)
    assert evaluate(shard)[0].steps_done == 120


def test_trajectories_are_recorded_if_the_request_says_so() -> None:
    result = run_request(SPEC, request(0.001, 0.01, record=True))
    assert [len(codec.decode(part).step) for (part,) in result.trajectories] == [61, 61]
    assert run_request(SPEC, request(0.01)).trajectories == ()


def test_nothing_to_run_gives_no_shards() -> None:
    assert shards_of_request(SPEC, request()) == []
    assert shards_of_request(SPEC, request(0.1, replicates=range(0))) == []
    assert gather([]).values.size == 0


def test_two_equal_requests_have_the_same_digest() -> None:
    first = request(0.01, 0.1)
    others = [
        request(0.1, 0.01),
        request(0.01, 0.1, steps=61),
        request(0.01, 0.1, record=True),
        request(0.01, 0.1, replicates=range(6)),
    ]
    assert first.digest == request(0.01, 0.1).digest
    assert first.digest not in {other.digest for other in others}


def test_a_request_of_a_model_runs_on_splits_that_the_search_never_had() -> None:
    spec = job(DIGITS, steps=2, confirmation=CONFIRM, search_space={"batch_size": 32})
    only = configuration("sgd", 0.1)
    first, other = (
        run_request(
            spec, EvaluationRequest(configurations=(only,), replicates=range(seed, seed + 1), steps=2)
        ).values
        for seed in (0, Seeds.RACE)
    )
    assert first[0, 0] != other[0, 0]
