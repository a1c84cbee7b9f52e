"""Jobs that learn from trials of other jobs: copied at submission, never read again."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import Database
from app.errors import InvalidRequest
from app.services import jobs, trials, warm_starts
from app.settings import Settings
from app.spec.job import JobSpec
from tests.support.in_process_worker import run_job, run_stored_job

ADAM = {"optimizers": [{"kind": "adam"}], "schedules": [{"kind": "constant"}]}


def spec(**parts: Any) -> JobSpec:
    body = {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "search_space": ADAM,
        "budget": {"trials": 20, "steps": 10},
        "sampler": {"kind": "tpe"},
        "confirmation": None,
    }
    return JobSpec.model_validate(body | parts)


def values(db: Database, job_id: str) -> list[float | None]:
    page = trials.list_trials(db, job_id, state=None, order_by="number", limit=100, page_token=None)
    return [trial.value for trial in page.items]


def test_a_warm_start_survives_the_deletion_of_its_source(db: Database, settings: Settings) -> None:
    first = run_job(db, settings, spec())
    warm = spec(from_jobs=[first], seed=1)
    warm_job, other = (jobs.submit(db, settings, warm).id for _ in range(2))
    run_stored_job(db, warm_job)
    jobs.delete(db, first)
    assert len(warm_starts.trials_for(db, other)) == 20
    run_stored_job(db, other)
    assert values(db, warm_job) == values(db, other)
    assert values(db, warm_job) != values(db, run_job(db, settings, spec(seed=1)))


def test_jobs_that_cannot_be_learned_from_are_named(db: Database, settings: Settings) -> None:
    other = jobs.submit(db, settings, spec(budget={"trials": 4, "steps": 30})).id
    with pytest.raises(InvalidRequest) as caught:
        jobs.submit(db, settings, spec(from_jobs=["job_none", other]))
    assert caught.value.errors is not None
    (gone, unlike) = caught.value.errors
    assert gone[0] == "/from_jobs/0"
    assert "there is no job 'job_none'" in gone[1]
    assert unlike[0] == "/from_jobs/1"
    assert "30 steps and those here 10" in unlike[1]
    assert len(jobs.list_jobs(db, state=None, name=None, limit=10, page_token=None).items) == 1


def test_a_sampler_that_learns_nothing_is_refused(db: Database, settings: Settings) -> None:
    other = jobs.submit(db, settings, spec()).id
    with pytest.raises(InvalidRequest, match="random learns from no trial"):
        jobs.submit(db, settings, spec(from_jobs=[other], sampler={"kind": "random"}))
