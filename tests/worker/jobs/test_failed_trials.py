"""Batches that no process could evaluate: their trials fail, and the job continues up to a limit."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import Database
from app.domain.states import TrialState
from app.services import jobs, recommendations, trials
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, evaluate
from app.worker.jobs.runner import Runner
from app.worker.jobs.search import TooManyFailed
from app.worker.pool.protocols import BatchSet, JobPriority, Outcome, ShardLost
from tests.support.in_process_worker import InThisProcess, InTurn
from tests.support.make_spec import MakeSpec

REASON = "the process that evaluated a batch died"


class LosingRounds(InThisProcess):
    """Loses the shards of the first round, and evaluates the others in the thread of the test."""

    def open(self, job: JobPriority) -> BatchSet:
        return InTurn(self._evaluate)

    def _evaluate(self, shard: Shard) -> Outcome:
        is_first = 0 in shard.numbers and 0 in shard.replicates
        return ShardLost(REASON) if is_first else evaluate(shard)


def searched(db: Database, settings: Settings, spec: JobSpec, **limit: Any) -> tuple[Runner, str]:
    """Return a job whose rounds have run, and its runner."""
    job_id = jobs.submit(db, settings, spec).id
    runner = Runner(db, LosingRounds(), **limit)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    return runner, job_id


@pytest.fixture
def spec(make_spec: MakeSpec) -> JobSpec:
    """Return a job of two rounds: TPE asks for 16 at a time."""
    return make_spec(
        budget={"trials": 20, "steps": 20},
        sampler={"kind": "tpe"},
        pruner={"kind": "none"},
        confirmation={"top": 2, "replicates": 2},
    )


def test_lost_trials_fail_with_the_reason_and_the_job_ends(
    db: Database, settings: Settings, spec: JobSpec
) -> None:
    runner, job_id = searched(db, settings, spec, max_failed_trials=16)
    job = jobs.get(db, job_id)
    assert (job.progress.trials_failed, job.progress.trials_running) == (16, 0)
    lost = trials.get(db, job_id, 0)
    assert (lost.state, lost.reason, lost.value) == (TrialState.FAILED, REASON, None)
    runner.answer(job_id, 1)
    assert jobs.get(db, job_id).state == "succeeded"
    warnings = recommendations.get(db, job_id).warnings
    assert f"16 of 20 trials failed in every attempt and have no value. Reason: {REASON}." in warnings


def test_one_more_than_the_limit_fails_the_job(db: Database, settings: Settings, spec: JobSpec) -> None:
    with pytest.raises(TooManyFailed, match="16 trials failed, and the server allows 15"):
        searched(db, settings, spec, max_failed_trials=15)
