"""A range test from its submission to its suggestions, as the worker runs it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from app.db import Database
from app.domain.states import JobState, TrialState
from app.errors import NoRecommendation, RangeTestNotFound
from app.services import events, jobs, range_tests, recommendations, trials
from app.settings import Settings
from app.spec.resources.range_tests import RangeTest, RangeTestSpec
from app.tuning.recommendation.stages import RANGE_TEST
from tests.support.in_process_worker import run_stored_job

QUADRATIC: dict[str, Any] = {
    "objective": {"kind": "function", "name": "quadratic"},
    "optimizer": {"kind": "sgd"},
}
IRIS: dict[str, Any] = {
    "objective": {"kind": "classification", "dataset": "iris", "model": {"kind": "linear"}},
    "optimizer": {"kind": "adam", "beta1": 0.8},
    "low": 1e-5,
}


def run(db: Database, settings: Settings, body: dict[str, Any]) -> RangeTest:
    test = range_tests.submit(db, settings, RangeTestSpec.model_validate(body), None)
    assert test.state is JobState.QUEUED
    assert test.result is None
    run_stored_job(db, test.id)
    stages = [event.data for event in events.read(db, test.id, 0).events if event.kind == "state"]
    assert [json.loads(data)["progress"]["stage"] for data in stages] == [None, RANGE_TEST, None]
    return range_tests.get(db, test.id)


def test_a_range_test_that_diverges_succeeds_and_suggests_rates(db: Database, settings: Settings) -> None:
    test = run(db, settings, QUADRATIC)
    assert test.state is JobState.SUCCEEDED
    assert test.result is not None
    suggestions = test.result.suggestions
    assert test.result.diverged
    assert test.result.ended is not None
    assert test.result.ended.reason == "loss_rose"
    assert test.result.spread is not None
    assert test.result.spread.valley is not None
    # The largest curvature of the quadratic is 100: a rate of 0.02 is as much as it bears.
    for rate in (suggestions.valley, suggestions.steepest, suggestions.minimum_over_10):
        assert rate is not None
        assert 1e-7 < rate < 0.1
    with pytest.raises(NoRecommendation):
        recommendations.get(db, test.id)


def test_the_rates_of_the_curve_are_the_rates_of_the_trial(db: Database, settings: Settings) -> None:
    test = run(db, settings, IRIS | {"steps": 60, "high": 0.01})
    assert test.result is not None
    assert not test.result.diverged
    trajectory = trials.trajectory(db, test.id, 0, None)
    taken = [rate for rate in trajectory.learning_rate if rate is not None]
    np.testing.assert_allclose(test.result.learning_rate, taken, rtol=1e-12)
    assert test.result.loss == trajectory.loss[:-1]
    assert trials.get(db, test.id, 0).optimizer["beta1"] == 0.8
    assert test.spec["batch_size"] is None
    assert "learning_rate" not in test.spec["optimizer"]


def test_the_same_range_test_gives_the_same_curve(db: Database, settings: Settings) -> None:
    body = IRIS | {"steps": 40, "replicates": 2}
    assert run(db, settings, body).result == run(db, settings, body).result


def test_deleting_the_job_removes_the_range_test(db: Database, settings: Settings) -> None:
    test = run(db, settings, QUADRATIC)
    assert trials.get(db, test.id, 0).state is TrialState.DIVERGED
    jobs.delete(db, test.id)
    with pytest.raises(RangeTestNotFound):
        range_tests.get(db, test.id)
