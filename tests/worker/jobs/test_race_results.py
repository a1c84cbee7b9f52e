"""The results of the race are stored: a job that was killed in its race resumes with the next request."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from app.db import Database
from app.services import events, job_runs, jobs, race_results, recommendations
from app.services.job_runs import Interrupted
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluation import request_codec
from app.tuning.evaluation.requests import EvaluationRequest, EvaluationResult, Seeds
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.stages import SEARCH, WORDS, stage_word
from app.worker.jobs.runner import Runner
from app.worker.pool.protocols import BatchSet, JobPriority, Results
from tests.support.in_process_worker import InThisProcess, InTurn, run_job, run_stored_job
from tests.support.jobs import configuration
from tests.support.make_spec import MakeSpec


class Killed(Exception):
    """The process is gone."""


class Mortal(InThisProcess):
    """Evaluates shards in the thread of the test, and is killed when too many batches are opened."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.runs: list[Shard] = []

    def open(self, job: JobPriority) -> BatchSet:
        if self.left == 0:
            raise Killed
        self.left -= 1
        return InTurn(self._evaluate)

    def _evaluate(self, shard: Shard) -> Results:
        self.runs.append(shard)
        return evaluate(shard)


@pytest.fixture
def spec(make_spec: MakeSpec) -> JobSpec:
    return make_spec(
        objective={"kind": "function", "name": "quadratic", "noise": 0.5},
        budget={"trials": 8, "steps": 20},
        confirmation={"top": 2, "replicates": 2},
    )


def test_a_job_killed_during_its_race_runs_each_request_once_and_ends_the_same(
    db: Database, settings: Settings, spec: JobSpec
) -> None:
    undisturbed = recommendations.get(db, run_job(db, settings, spec))
    job_id = jobs.submit(db, settings, spec).id
    first = Mortal(calls=4)  # the search, and three evaluation requests
    runner = Runner(db, first, max_failed_trials=0)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    with pytest.raises(Killed):
        runner.answer(job_id, 1)
    second = Mortal(calls=100)
    Runner(db, second, max_failed_trials=0).answer(job_id, 1)
    assert recommendations.get(db, job_id) == undisturbed
    seen = [(shard.configurations, shard.replicates, shard.spec.budget.steps) for shard in first.runs]
    again = [(shard.configurations, shard.replicates, shard.spec.budget.steps) for shard in second.runs]
    assert again
    assert not [shard for shard in again if shard in seen]


def test_progress_grows_through_the_advice_and_continues_after_a_kill(
    db: Database, settings: Settings, spec: JobSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[tuple[Any, ...]] = []  # Any: fraction and stage
    record = job_runs.record_fraction

    def noted(db: Database, job: str, run: int, *fraction_and_stage: Any) -> None:
        shares.append(fraction_and_stage)
        record(db, job, run, *fraction_and_stage)

    monkeypatch.setattr(job_runs, "record_fraction", noted)
    job_id = jobs.submit(db, settings, spec).id
    runner = Runner(db, Mortal(calls=4), max_failed_trials=0)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    with pytest.raises(Killed):
        runner.answer(job_id, 1)
    before = shares[-1]
    Runner(db, Mortal(calls=100), max_failed_trials=0).answer(job_id, 1)
    killed, shares[:] = shares[:], []
    run_job(db, settings, spec)
    assert killed == shares  # nothing that was stored is counted twice, nothing is left out
    fractions = [fraction for fraction, _ in killed]
    assert Plan.of(spec).search_share == fractions[0] < before[0] < 0.9 < fractions[-1] <= 1.0
    assert fractions == sorted(fractions)


def test_a_running_job_always_has_a_stage(
    db: Database, settings: Settings, spec: JobSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runs, "PROGRESS_INTERVAL_S", 0.0)  # else a short job tells few
    job_id = jobs.submit(db, settings, spec).id
    assert jobs.get(db, job_id).progress.stage is None
    run_stored_job(db, job_id)
    stored = events.read(db, job_id, 0).events
    told = [json.loads(event.data) for event in stored if event.kind == "progress"]
    words = list(dict.fromkeys(progress["stage"] for progress in told))
    rare = {WORDS[Seeds.MARGIN], WORDS[Seeds.RECONFIRM]}  # only if the values require them
    assert set(words) - rare == {SEARCH, *WORDS.values()} - rare
    assert words[0] == SEARCH
    assert words[-1] == WORDS[Seeds.HORIZONS]
    states = [json.loads(event.data) for event in stored if event.kind == "state"]
    assert [state["progress"]["stage"] for state in states] == [None, SEARCH, None]
    assert jobs.get(db, job_id).progress.stage is None
    fractions = [progress["fraction"] for progress in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.9


class Onlooker(InThisProcess):
    """Evaluates shards in the thread of the test, and records the stage of the job meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.seen: list[tuple[Shard, str | None]] = []

    def open(self, job: JobPriority) -> BatchSet:
        def look(shard: Shard) -> Results:
            self.seen.append((shard, jobs.get(self._db, job.job_id).progress.stage))
            return evaluate(shard)

        return InTurn(look)


def test_a_job_shows_the_stage_of_its_running_request(
    db: Database, settings: Settings, spec: JobSpec
) -> None:
    job_id = jobs.submit(db, settings, spec).id
    pool = Onlooker(db)
    runner = Runner(db, pool, max_failed_trials=0)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    runner.answer(job_id, 1)
    for shard, stage in pool.seen:
        first, steps = shard.replicates[0], shard.spec.budget.steps
        request = EvaluationRequest(configurations=(), replicates=range(first, first + 1), steps=steps)
        assert stage == (SEARCH if first < min(Seeds) else stage_word(request))
    rare = {WORDS[Seeds.MARGIN], WORDS[Seeds.RECONFIRM]}  # only if the values require them
    assert {stage for _, stage in pool.seen} - rare == {SEARCH, *WORDS.values()} - rare


def test_a_job_paused_in_its_race_keeps_its_stage_after_the_resume(
    db: Database, settings: Settings, spec: JobSpec
) -> None:
    job_id = jobs.submit(db, settings, spec).id
    runner = Runner(db, Mortal(calls=4), max_failed_trials=0)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    with pytest.raises(Killed):
        runner.answer(job_id, 1)
    at = jobs.get(db, job_id).progress.stage
    assert at in WORDS.values()
    assert jobs.pause(db, job_id).progress.stage == at
    jobs.resume(db, job_id)
    runner.start(job_id, 2)
    assert jobs.get(db, job_id).progress.stage == at
    assert jobs.cancel(db, job_id).progress.stage is None


def request(rate: float) -> EvaluationRequest:
    return EvaluationRequest(
        configurations=(configuration(learning_rate=rate),), replicates=range(5, 7), steps=20
    )


RESULT = EvaluationResult(
    values=np.array([[1.0, np.nan]]),
    metrics={"test_error": np.array([0.25]), "loss of curve 3": np.array([np.nan])},
    trajectories=((b"one", b"two"), (b"three",)),
)


def test_a_stored_result_answers_only_its_request(db: Database, settings: Settings, spec: JobSpec) -> None:
    job_id = jobs.submit(db, settings, spec).id
    Runner(db, Mortal(0), max_failed_trials=0).start(job_id, 1)
    race_results.store(db, job_id, 1, 3, request(0.1), RESULT)
    result = race_results.find(db, job_id, 3, request(0.1))
    assert result is not None
    np.testing.assert_array_equal(result.values, RESULT.values)
    assert race_results.find(db, job_id, 3, request(0.2)) is None
    assert race_results.find(db, job_id, 4, request(0.1)) is None


def test_a_result_of_a_job_that_no_longer_runs_is_refused(
    db: Database, settings: Settings, spec: JobSpec
) -> None:
    job_id = jobs.submit(db, settings, spec).id
    with pytest.raises(Interrupted):
        race_results.store(db, job_id, 1, 0, request(0.1), RESULT)
    with pytest.raises(Interrupted):
        race_results.find(db, "nothing", 0, request(0.1))


def test_a_stored_result_decodes_bit_for_bit() -> None:
    result = request_codec.decode(request_codec.encode(RESULT))
    np.testing.assert_array_equal(result.values, RESULT.values)
    assert result.trajectories == RESULT.trajectories
    assert list(result.metrics) == list(RESULT.metrics)
    for name, means in RESULT.metrics.items():
        np.testing.assert_array_equal(result.metrics[name], means)
    many = EvaluationResult(values=np.ones((12, 1)), trajectories=tuple((bytes([i]),) for i in range(12)))
    assert request_codec.decode(request_codec.encode(many)).trajectories == many.trajectories
