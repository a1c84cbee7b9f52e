"""Whole jobs in one process: ask, evaluate, race, confirm, recommend."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.states import TrialState
from app.spec.resources.recommendations import Recommendation
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from tests.support.jobs import DIGITS, NOISY, job, run, search, space
from tests.support.searches import evaluate_round

SMALL: dict[str, Any] = {"confirmation": {"top": 3, "replicates": 4}}


def numbers(value: Any) -> Iterator[float]:
    """Yield every number of an answer."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, float):
        yield value


def check(recommendation: Recommendation) -> None:
    body = recommendation.model_dump(mode="json")
    assert all(math.isfinite(number) for number in numbers(body))
    assert Recommendation.model_validate(body) == recommendation
    assert recommendation.explanation


def test_a_digits_job_learns_and_beats_the_defaults_of_its_space() -> None:
    spec = job(
        DIGITS,
        trials=32,
        steps=120,
        search_space=space(
            {"kind": "adam"}, {"kind": "sgd"}, schedules=[{"kind": "constant"}, {"kind": "cosine"}]
        )
        | {"batch_size": {"choices": [32, 64]}},
        **SMALL,
    )
    trials, recommendation = run(spec)
    check(recommendation)
    assert [trial.number for trial in trials] == list(range(32))
    assert recommendation.evidence.candidates[0].mean is not None
    assert recommendation.evidence.candidates[0].mean < 0.35
    assert recommendation.safe_learning_rate is not None
    assert (
        recommendation.safe_learning_rate.low
        <= recommendation.optimizer["learning_rate"]
        <= recommendation.safe_learning_rate.high
    )
    for baseline in recommendation.evidence.baselines:
        if baseline.optimizer["kind"] not in ("adam", "sgd") or "defaults" not in baseline.label:
            continue
        assert baseline.difference is not None
        assert baseline.difference.ci95[1] < 0


def test_a_rosenbrock_job_gets_near_the_minimum() -> None:
    trials, recommendation = run(job(trials=48, steps=300, **SMALL))
    check(recommendation)
    assert recommendation.evidence.replicates == 1
    assert recommendation.evidence.candidates[0].mean is not None
    assert recommendation.evidence.candidates[0].mean < 0.05
    assert {TrialState.COMPLETED, TrialState.PRUNED} <= {trial.state for trial in trials}


@pytest.mark.parametrize("pruner", ["none", "median", "successive_halving", "hyperband"])
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_every_sampler_and_pruner_gives_every_trial_once_and_the_same_again(
    sampler: str, pruner: str
) -> None:
    spec = job(NOISY, trials=40, steps=40, replicates=2, sampler={"kind": sampler}, pruner={"kind": pruner})
    trials = search(spec)
    assert [trial.number for trial in trials] == list(range(40))
    assert search(spec) == trials
    assert any(trial.state is TrialState.COMPLETED for trial in trials)
    assert any(trial.state is TrialState.PRUNED for trial in trials) is (pruner != "none")


def test_an_interrupted_search_continues_to_the_same_trials() -> None:
    spec = job(NOISY, trials=48, steps=30)
    trials = search(spec)
    stored = [trial for trial in trials if trial.round < 2]
    assert evaluate_round(spec, 2, stored)[0] == [trial for trial in trials if trial.round == 2]
    assert ask_round(Plan.of(spec), 1, trials) == ask_round(Plan.of(spec), 1, stored)


def test_a_pruned_trial_was_measured_at_its_last_rung() -> None:
    trials = search(job(trials=32, steps=90, pruner={"kind": "successive_halving"}))
    pruned = [trial for trial in trials if trial.state is TrialState.PRUNED]
    assert pruned
    assert {trial.rungs[-1][0] for trial in pruned} <= {10, 30}
    assert all(trial.value is None for trial in pruned)


def test_a_job_in_which_everything_diverges_has_no_field_to_race() -> None:
    spec = job(search_space=space({"kind": "sgd", "learning_rate": {"low": 10.0, "high": 100.0}}))
    assert {trial.state for trial in search(spec)} == {TrialState.DIVERGED}


@pytest.mark.parametrize("name", ["saddle", "monkey_saddle"])
def test_an_objective_without_a_least_value_gives_figures_and_no_warning(name: str) -> None:
    """Its losses are far apart, or fall without bound; nothing may overflow on the way to the answer."""
    objective = {"kind": "function", "name": name, "noise": 0.1}
    sgd = {"kind": "sgd", "learning_rate": {"low": 1e-4, "high": 1.0, "log": True}}
    # A pruner would keep the trials that fall fastest, and these diverge later on.
    unpruned = {"search_space": space(sgd), "pruner": {"kind": "none"}}
    trials, recommendation = run(job(objective, trials=20, steps=60, **unpruned, **SMALL))
    check(recommendation)
    assert TrialState.DIVERGED in {trial.state for trial in trials}
