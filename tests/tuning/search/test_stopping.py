from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.domain.states import TrialState
from app.tuning.planning.plan import Plan
from app.tuning.planning.rounds import Rounds
from app.tuning.search.stopping import settled_reason, why_settled
from tests.support.jobs import finished, job, search, space

NARROW = {"kind": "sgd", "learning_rate": {"low": 0.45, "high": 0.55}}


def test_a_search_that_reached_its_best_often_has_settled() -> None:
    rng = np.random.default_rng(0)
    values = (1.0 + 0.1 * rng.random(64)).tolist()
    reason = settled_reason(values, 1_000)
    assert reason is not None
    best = min(values)
    near = [number for number, value in enumerate(values) if value <= 1.01 * best]
    assert reason == (
        f"settled after 64 of 1000 trials: {len(near)} came within 1% of the best value, {best:.6g} of trial"
        f" {values.index(best)}, the first of them trial {near[0]}; that another 21 trials improve it"
        " by as much has a chance of less than 0.1%"
    )


def test_a_search_with_values_over_decades_has_not_settled() -> None:
    values = (10.0 ** np.random.default_rng(0).uniform(-9, 0, 300)).tolist()
    assert settled_reason(values, 1_000) is None


def test_the_chance_is_that_of_a_random_order() -> None:
    values = [1.0, 1.001] + [2.0] * 58
    rng = np.random.default_rng(1)
    # Both of the two near the best among the last 20 of 60: 20/60 * 19/59, with 10,000 orders to 3 digits.
    both = np.mean([min(rng.permutation(60)[:2]) >= 40 for _ in range(10_000)])
    assert abs(both - 20 / 60 * 19 / 59) < 0.02
    assert settled_reason(values, 80) is None
    assert "chance of 3.3%" in str(settled_reason([*values[:2], 1.002, *values[3:]], 80))


def test_a_late_improvement_by_a_percent_keeps_a_search_going() -> None:
    values = [1.0] * 60 + [0.9] * 12
    assert settled_reason(values, 200) is None
    assert settled_reason([1.0] * 60 + [0.995] * 12, 200) is not None


def test_a_search_with_few_or_no_completed_trials_has_not_settled() -> None:
    assert settled_reason([1.0] * 47, 200) is None
    assert settled_reason([None] * 100, 200) is None
    assert settled_reason([1.0] * 100, 100) is None
    assert settled_reason([None, 1.0] * 30, 200) is not None


def test_only_a_settled_job_that_asked_for_it_has_a_reason() -> None:
    budget = {"trials": 100, "steps": 10, "stop_when_settled": True}
    spec = job(budget=budget, search_space=space(NARROW))
    rounds = Rounds.of(spec)
    trials = [finished(number, 1.0, round=rounds.round_of(number)) for number in range(80)]
    # The next round is asked ahead, before the last of these has ended.
    assert "settled after 72 of 100 trials" in str(why_settled(Plan.of(spec), trials))
    assert why_settled(Plan.of(job(trials=100, search_space=space(NARROW))), trials) is None
    assert why_settled(Plan.of(job(budget=budget | {"trials": 80})), trials) is None
    pruned = [replace(trial, value=None, state=TrialState.PRUNED) for trial in trials]
    assert why_settled(Plan.of(spec), pruned) is None


def test_a_search_that_keeps_meeting_one_minimum_settles_and_one_down_a_valley_does_not() -> None:
    ends = []
    for name in ("styblinski_tang", "rosenbrock"):
        spec = job(
            {"kind": "function", "name": name},
            trials=64,
            steps=200,
            search_space=space({"kind": "sgd", "learning_rate": {"low": 0.0005, "high": 0.002}}),
            sampler={"kind": "random"},
            pruner={"kind": "none"},
        )
        ends.append(settled_reason([trial.value for trial in search(spec)], 200) is not None)
    assert ends == [True, False]
