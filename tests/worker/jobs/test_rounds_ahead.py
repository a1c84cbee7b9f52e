"""Rounds that are asked while others are evaluated: killed anywhere, a job ends with the same trials."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import Database
from app.domain.states import JobState
from app.services import job_runs, jobs, trials
from app.settings import Settings
from app.spec.job import JobSpec
from app.spec.resources.answers import Trial
from app.tuning.evaluation.shards import Shard, evaluate
from app.worker.jobs.runner import Runner
from app.worker.pool.protocols import BatchSet, JobPriority, Results
from tests.support.in_process_worker import InThisProcess, InTurn, run_job, run_stored_job


class Killed(Exception):
    """The process is gone."""


class Mortal(InThisProcess):
    """Evaluates `left` shards, then is killed."""

    def __init__(self, left: int) -> None:
        self._left = left
        self.begun: list[int] = []

    def open(self, job: JobPriority) -> BatchSet:
        return InTurn(self._evaluate)

    def _evaluate(self, shard: Shard) -> Results:
        if self._left == 0:
            raise Killed
        self._left -= 1
        return evaluate(shard)


def spec(trials: int = 128, **parts: Any) -> JobSpec:
    """Return a job with a round of 16 trials and fourteen of 8, which are asked ahead after 64 trials."""
    body = {
        "objective": {"kind": "function", "name": "styblinski_tang"},
        "search_space": {"optimizers": [{"kind": "adam"}], "schedules": [{"kind": "constant"}]},
        "budget": {"trials": trials, "steps": 20},
        "sampler": {"kind": "tpe"},
        "pruner": {"kind": "none"},
        "confirmation": None,
    }
    return JobSpec.model_validate(body | parts)


def outcomes(db: Database, job_id: str) -> list[tuple[Any, ...]]:
    page = trials.list_trials(db, job_id, state=None, order_by="number", limit=500, page_token=None)
    return [key(trial) for trial in page.items]


def key(trial: Trial) -> tuple[Any, ...]:
    return trial.number, trial.params, trial.state, trial.value


@pytest.mark.parametrize("shards", [2, 7, 8])
def test_a_killed_job_ends_with_the_trials_of_an_undisturbed_job(
    db: Database, settings: Settings, shards: int
) -> None:
    undisturbed = outcomes(db, run_job(db, settings, spec()))
    job_id = jobs.submit(db, settings, spec()).id
    runner = Runner(db, Mortal(shards), max_failed_trials=0)
    rounds = runner.start(job_id, 1)

    def run_rounds() -> None:
        for number in range(rounds):
            runner.search_round(job_id, 1, number)

    with pytest.raises(Killed):
        run_rounds()
    run_stored_job(db, job_id)
    assert outcomes(db, job_id) == undisturbed
    assert len(undisturbed) == 128


def test_the_next_round_runs_before_this_one_has_ended(db: Database, settings: Settings) -> None:
    job_id = jobs.submit(db, settings, spec()).id
    runner = Runner(db, Mortal(7), max_failed_trials=0)
    runner.start(job_id, 1)
    for number in range(7):
        runner.search_round(job_id, 1, number)
    assert job_runs.count_trials(db, job_id) == 64
    with pytest.raises(Killed):
        runner.search_round(job_id, 1, 7)
    assert job_runs.count_trials(db, job_id) == 80


def test_a_settled_search_ends_with_its_trials_and_a_reason(db: Database, settings: Settings) -> None:
    budget = {"trials": 400, "steps": 60, "stop_when_settled": True}
    narrow = {"kind": "adam", "learning_rate": {"low": 0.3, "high": 0.4}}
    space = {"optimizers": [narrow], "schedules": [{"kind": "constant"}]}
    job = jobs.get(db, run_job(db, settings, spec(budget=budget, search_space=space)))
    assert job.state is JobState.SUCCEEDED
    assert job.reason is not None
    assert job.reason.startswith("settled after 64 of 400 trials: ")
    assert job.progress.trials_completed == 64
    assert job.progress.fraction == 1.0


def test_trials_that_another_version_left_out_are_run_too(db: Database, settings: Settings) -> None:
    job_id = jobs.submit(db, settings, spec()).id
    runner = Runner(db, InThisProcess(), max_failed_trials=0)
    runner.start(job_id, 1)
    runner.search_round(job_id, 1, 14)  # as if its rounds 0 to 13 had been other ones
    assert job_runs.count_trials(db, job_id) == 128
