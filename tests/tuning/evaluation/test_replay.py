"""A trial that runs again alone, compared with its result in a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.spec.job import JobSpec
from app.tuning.evaluation.replay import first_difference, replay_shard
from app.tuning.evaluation.shards import evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from tests.support.jobs import DIGITS, job, space

WIDE = space({"kind": "sgd", "learning_rate": {"low": 1e-3, "high": 1e3, "log": True}}, {"kind": "adam"})


def first_round(spec: JobSpec) -> tuple[list[Configuration], list[TrialResult]]:
    numbers = Plan.of(spec).rounds.numbers(0)
    asked = ask_round(Plan.of(spec), 0, [])
    return asked, [result for shard in shards_of_round(spec, 0, numbers, asked) for result in evaluate(shard)]


def replayed(spec: JobSpec, configuration: Configuration, result: TrialResult) -> TrialResult:
    shard = replay_shard(spec, result.number, configuration, result.state, result.steps_done)
    (evaluated,) = evaluate(shard)
    return evaluated


@pytest.mark.parametrize("replicates", [1, 2])
@pytest.mark.parametrize("objective", ["digits", "noisy"])
def test_every_trial_of_a_round_equals_its_replay(objective: str, replicates: int) -> None:
    noisy = {"kind": "function", "name": "quadratic", "noise": 0.5}
    spec = job(
        DIGITS if objective == "digits" else noisy,
        trials=16,
        steps=30,
        replicates=replicates,
        search_space=WIDE,
        pruner={"kind": "hyperband"},
        sampler={"kind": "random"},
    )
    asked, results = first_round(spec)
    assert {TrialState.COMPLETED, TrialState.PRUNED} <= {result.state for result in results}
    for configuration, result in zip(asked, results, strict=True):
        assert first_difference(result, replayed(spec, configuration, result)) is None, result.number


def a_result() -> TrialResult:
    adam = space({"kind": "adam", "learning_rate": 0.01})
    return first_round(job(trials=1, steps=20, search_space=adam))[1][0]


def test_the_first_bit_that_differs_is_named_with_its_step() -> None:
    stored = a_result()
    assert stored.trajectory is not None
    trajectory = codec.decode(stored.trajectory)
    loss = trajectory.loss.copy()
    loss[7] = np.nextafter(loss[7], np.inf)
    rate = trajectory.learning_rate.copy()
    rate[9] = 0.0
    changed = replace(stored, trajectory=codec.encode(replace(trajectory, loss=loss, learning_rate=rate)))
    difference = first_difference(stored, changed)
    assert difference is not None
    assert (difference.field, difference.step) == ("loss", 7)
    assert difference.stored == repr(float(trajectory.loss[7]))
    assert difference.replayed == repr(float(loss[7]))


def test_the_rows_that_have_no_number_are_equal_to_themselves() -> None:
    stored = a_result()  # the last row has no learning rate
    assert first_difference(stored, stored) is None


def test_a_run_that_ends_earlier_differs_in_its_rows() -> None:
    stored = a_result()
    assert stored.trajectory is not None
    trajectory = codec.decode(stored.trajectory)
    columns = {name: column[:-3] for name, column in vars(trajectory).items() if column is not None}
    difference = first_difference(
        stored, replace(stored, trajectory=codec.encode(replace(trajectory, **columns)))
    )
    assert difference is not None
    assert (difference.field, difference.stored, difference.replayed) == ("step", "21 rows", "18 rows")


@pytest.mark.parametrize(
    ("change", "field", "shown"),
    [
        (partial(replace, value=0.30000000000000004), "value", "0.30000000000000004"),
        (partial(replace, state=TrialState.PRUNED), "state", "pruned"),
        (partial(replace, steps_done=3), "steps_done", "3"),
        (partial(replace, metrics={"loss": 1.5}), "metrics", "loss 1.5"),
    ],
)
def test_results_are_compared_after_the_trajectories(
    change: Callable[[TrialResult], TrialResult], field: str, shown: str
) -> None:
    stored = a_result()
    difference = first_difference(stored, change(stored))
    assert difference is not None
    assert (difference.field, difference.step, difference.replayed) == (field, None, shown)
