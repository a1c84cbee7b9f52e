"""A sampler reads the same trials in a new process as in the process that began the job."""

from __future__ import annotations

import pytest

from app.db import Database
from app.services import job_runs, jobs
from app.settings import Settings
from app.worker.jobs import trial_history
from app.worker.jobs.runner import Runner
from app.worker.jobs.trial_history import TrialHistory
from tests.support.in_process_worker import InThisProcess
from tests.support.make_spec import MakeSpec


def test_trials_read_round_by_round_are_those_read_at_once(
    db: Database, settings: Settings, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_history, "HISTORY", 9)
    monkeypatch.setattr(trial_history, "MAX_GOOD", 3)
    spec = make_spec(budget={"trials": 60, "steps": 5}, sampler={"kind": "tpe"})
    job_id = jobs.submit(db, settings, spec).id
    runner = Runner(db, InThisProcess(), max_failed_trials=0)
    for number in range(runner.start(job_id, 1)):
        runner.search_round(job_id, 1, number)
    steadily = TrialHistory(db, job_id, is_warm=False)
    for rounds in range(5):
        once = TrialHistory(db, job_id, is_warm=False).of_rounds(rounds)
        assert steadily.of_rounds(rounds) == once
        assert once == job_runs.finished_trials(db, job_id, rounds, best=3, latest=9)
    assert 9 < len(once) <= 12
