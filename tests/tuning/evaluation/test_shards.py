from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.spec.job import JobSpec
from app.tuning.evaluation import shards as module
from app.tuning.evaluation.cost import update_operations
from app.tuning.evaluation.memory import batch_bytes
from app.tuning.evaluation.objective import build_objective, dtype_of
from app.tuning.evaluation.shards import Shard, cuts, evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from tests.support.jobs import DIGITS, NOISY, configuration, job, space

NONE = {"kind": "none"}
RATES = (0.003, 0.01, 0.03, 0.1)


def shard(
    spec: JobSpec, *configurations: Configuration, replicates: tuple[int, ...] = (0,), **parts: Any
) -> Shard:
    numbers = tuple(range(7, 7 + len(configurations)))
    return Shard(spec=spec, numbers=numbers, configurations=configurations, replicates=replicates, **parts)


def sgd(*rates: float) -> list[Configuration]:
    return [configuration("sgd", rate) for rate in rates]


def timeless(results: list[TrialResult]) -> list[TrialResult]:
    """Nan is not equal to itself, but its text is."""
    return [replace(result, engine_s=0.0) for result in results]


def same(a: list[TrialResult], b: list[TrialResult]) -> bool:
    return repr(timeless(a)) == repr(timeless(b))


def test_a_wide_pruned_round_is_cut_into_brackets_of_16_or_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "STEP_OPERATIONS", 1.0)
    spec = job(pruner={"kind": "successive_halving"}, search_space=space({"kind": "sgd"}))
    shards = shards_of_round(spec, 1, range(16, 68), sgd(*[0.01] * 52))
    assert [len(part.numbers) for part in shards] == [17, 17, 18]
    assert all(part.bracket == 1 for part in shards)


def test_brackets_of_a_round_are_ranked_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "STEP_OPERATIONS", 1.0)
    spec = job(pruner={"kind": "successive_halving"}, search_space=space({"kind": "sgd"}))
    rates = [1e-5 * 1.1**i for i in range(32)]
    results = [evaluate(part) for part in shards_of_round(spec, 0, range(32), sgd(*rates))]
    # 16 trials prune at two rungs: of each bracket a ninth, rounded up, goes on to the end.
    assert [
        [result.state for result in shard_results].count(TrialState.COMPLETED) for shard_results in results
    ] == [2, 2]


def test_a_small_pruned_round_is_one_shard_at_any_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "STEP_OPERATIONS", 1.0)
    spec = job(pruner={"kind": "successive_halving"}, search_space=space({"kind": "sgd"}))
    (only,) = shards_of_round(spec, 0, range(9), sgd(*[0.01] * 9))
    assert (only.bracket, only.numbers) == (0, tuple(range(9)))


def test_a_costly_round_that_nothing_prunes_is_cut_into_at_most_eight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "STEP_OPERATIONS", 1.0)
    spec = job(pruner=NONE)
    shards = shards_of_round(spec, 1, range(32, 52), sgd(*[0.01] * 20))
    assert len(shards) == 8
    assert all(part.bracket is None for part in shards)
    assert [number for part in shards for number in part.numbers] == list(range(32, 52))
    assert len([c for part in shards for c in part.configurations]) == 20


def test_hyperbands_rounds_without_pruning_are_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "STEP_OPERATIONS", 1.0)
    spec = job(trials=64, steps=500, pruner={"kind": "hyperband"})
    counts = [
        len(shards_of_round(spec, r, Plan.of(spec).rounds.numbers(r), ask_round(Plan.of(spec), r, [])))
        for r in range(3)
    ]
    assert counts == [1, 8, 1]


def test_a_costly_round_of_cheap_steps_is_cut_into_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step costs the interpreter every shard pays anew."""
    spec, configurations = job(pruner=NONE), sgd(*[0.01] * 16)
    row = update_operations(build_objective(spec.objective), configurations[0].optimizer_instance(), None)
    monkeypatch.setattr(module, "SHARD_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "STEP_OPERATIONS", 4 * row)
    assert [len(part.numbers) for part in shards_of_round(spec, 0, range(16), configurations)] == [4] * 4


def test_a_cheap_round_is_one_shard() -> None:
    assert len(shards_of_round(job(pruner=NONE), 0, range(16), sgd(*[0.01] * 16))) == 1


def test_the_cut_follows_the_estimated_cost() -> None:
    sizes = {}
    for steps in (200, 2000):
        spec = job(DIGITS, steps=steps, pruner=NONE)
        configurations = [replace(configuration, batch_size=128) for configuration in sgd(*[0.01] * 16)]
        sizes[steps] = len(shards_of_round(spec, 0, range(16), configurations))
    assert 1 <= sizes[200] < sizes[2000] <= 8


def test_a_round_of_long_trainings_is_cut_into_more_than_eight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = job(DIGITS, steps=2000, pruner=NONE)
    configurations = [replace(configuration, batch_size=128) for configuration in sgd(*[0.01] * 64)]
    monkeypatch.setattr(module, "STEP_OPERATIONS", 1.0)
    monkeypatch.setattr(module, "LONGEST_OPERATIONS", 1e12)
    assert len(shards_of_round(spec, 0, range(64), configurations)) == 8
    monkeypatch.setattr(module, "LONGEST_OPERATIONS", 1e9)
    assert 8 < len(shards_of_round(spec, 0, range(64), configurations)) <= 64


def test_runs_that_would_not_fit_the_memory_are_cut_further(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, configurations = job(pruner=NONE), sgd(*[0.01] * 40)
    four = [(configuration.optimizer_instance(), configuration.rows) for configuration in configurations[:4]]
    monkeypatch.setattr(module, "SHARD_BYTES", batch_bytes(spec, four))
    assert len(shards_of_round(spec, 0, range(40), configurations)) == 10


def test_cuts_are_neighbours_of_nearly_equal_length() -> None:
    slices = cuts(10, 4)
    assert [index for part in slices for index in range(10)[part]] == list(range(10))
    assert {part.stop - part.start for part in slices} == {2, 3}


@pytest.mark.parametrize("objective", [NOISY, DIGITS])
def test_a_shard_survives_pickling(objective: dict[str, Any]) -> None:
    spec = job(objective)
    batch_size = None if objective is NOISY else 32
    single = shard(spec, replace(sgd(0.01)[0], batch_size=batch_size), bracket=0)
    again = pickle.loads(pickle.dumps(single))
    assert again == single
    assert same(evaluate(again), evaluate(single))


def test_splitting_a_batch_does_not_change_its_results() -> None:
    spec = job(NOISY, pruner=NONE, replicates=2)
    whole = evaluate(shard(spec, *sgd(*RATES), replicates=(0, 1)))
    for number, sgd_configuration in zip(range(7, 11), sgd(*RATES), strict=True):
        alone = evaluate(replace(shard(spec, sgd_configuration, replicates=(0, 1)), numbers=(number,)))
        assert same(alone, [whole[number - 7]])


def test_a_trials_value_is_the_mean_over_its_replicates() -> None:
    spec = job(NOISY, pruner=NONE, replicates=3)
    (result,) = evaluate(shard(spec, *sgd(0.01), replicates=(0, 1, 2)))
    assert len(set(result.values)) == 3
    assert result.value == np.mean(result.values)
    assert result.metrics == {"loss": result.value}
    singles = [evaluate(shard(spec, *sgd(0.01), replicates=(i,)))[0].value for i in range(3)]
    assert list(result.values) == singles


def test_the_rungs_of_a_trial_are_means_too() -> None:
    spec = job(NOISY, steps=30, pruner=NONE, replicates=2)
    (both,) = evaluate(shard(spec, *sgd(0.01), replicates=(0, 1)))
    rungs = [dict(evaluate(shard(spec, *sgd(0.01), replicates=(i,)))[0].rungs) for i in range(2)]
    assert dict(both.rungs) == {
        step: pytest.approx((rungs[0][step] + rungs[1][step]) / 2) for step in (1, 3, 10)
    }


def test_a_completed_trial_tells_everything() -> None:
    spec = job(DIGITS, steps=20, pruner=NONE)
    (result,) = evaluate(shard(spec, replace(configuration(), batch_size=32)))
    assert (result.number, result.state, result.steps_done, result.reason) == (7, "completed", 20, None)
    assert result.value == result.metrics["validation_loss"]
    assert set(result.metrics) >= {"train_loss", "validation_error", "test_loss", "test_error"}
    assert result.trajectory is not None
    assert len(codec.decode(result.trajectory).step) == 21
    assert result.engine_s > 0


def test_a_diverged_trial_has_a_reason_and_no_value() -> None:
    (result,) = evaluate(shard(job(pruner=NONE), *sgd(0.5)))
    assert result.state is TrialState.DIVERGED
    assert result.value is None
    assert np.isnan(result.values).all()
    assert result.metrics == {"loss": None}
    assert result.reason is not None
    assert result.steps_done < 60


def test_one_diverged_replicate_makes_the_trial_diverged_and_is_named() -> None:
    noisy = {"kind": "function", "name": "rosenbrock", "noise": 30.0}
    spec = job(noisy, steps=70, pruner=NONE, replicates=8)
    (result,) = evaluate(shard(spec, *sgd(0.004), replicates=tuple(range(8))))
    singles = [evaluate(shard(spec, *sgd(0.004), replicates=(i,)))[0] for i in range(8)]
    alone = [single.state for single in singles]
    assert {TrialState.COMPLETED, TrialState.DIVERGED} == set(alone)  # else this tests nothing
    assert (result.state, result.value) == (TrialState.DIVERGED, None)
    assert result.reason is not None
    assert result.reason.startswith(f"replicate {alone.index(TrialState.DIVERGED)}: ")
    assert result.steps_done == min(single.steps_done for single in singles) == 7  # rungs are 1, 3, 8, 23


def test_a_pruned_trial_names_its_rung_and_rank() -> None:
    spec = job(steps=90, pruner={"kind": "successive_halving"})
    results = evaluate(shard(spec, *sgd(1e-4, 3e-4, 1e-3), bracket=0))
    assert [result.state for result in results] == ["pruned", "pruned", "completed"]
    assert results[0].reason == "pruned at step 30: rank 3 of 3, 1 go on"
    assert (results[0].steps_done, results[0].value) == (30, None)
    assert results[0].rungs[-1][0] == 30
    assert results[0].trajectory is not None
    assert codec.decode(results[0].trajectory).step[-1] == 30


def test_a_race_records_nothing() -> None:
    (result,) = evaluate(shard(job(), *sgd(0.001), record=False))
    assert (result.trajectory, result.rungs) == (None, ())
    assert result.value is not None


def test_the_seeds_follow_from_the_job_and_the_replicates() -> None:
    values = {
        (seed, replicate): evaluate(shard(job(NOISY, seed=seed), *sgd(0.01), replicates=(replicate,)))[
            0
        ].value
        for seed in (0, 1)
        for replicate in (0, 1)
    }
    assert len(set(values.values())) == 4


def test_an_objective_is_built_once_for_equal_specs() -> None:
    assert build_objective(job(DIGITS).objective) is build_objective(job(DIGITS, trials=3).objective)


def test_the_precision_of_the_job_is_that_of_the_engine() -> None:
    assert dtype_of(job()) is np.float64
    assert dtype_of(job(DIGITS)) is np.float32
    assert dtype_of(job(precision="float32")) is np.float32
