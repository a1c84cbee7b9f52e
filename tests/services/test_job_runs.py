"""Results of a worker: stored once, and only while its run number is the current one."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, tzinfo

import pytest

from app.db import Database
from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.engine.trajectories.codec import encode
from app.errors import TrajectoryNotFound, TrialNotFound
from app.services import events, job_runs, jobs, transitions, trials
from app.services.job_runs import Interrupted
from app.settings import Settings
from app.spec.resources.answers import Problem
from tests.support.databases import PostgresServer
from tests.support.make_spec import MakeSpec
from tests.support.trajectories import make_trajectory

ASKED = [
    Configuration(
        optimizer={"kind": "sgd", "learning_rate": 0.1 * (i + 1)},
        schedule={"kind": "constant"},
        params={"sgd.learning_rate": 0.1 * (i + 1)},
    )
    for i in range(4)
]


def result(number: int, value: float | None, state: TrialState = TrialState.COMPLETED) -> TrialResult:
    return TrialResult(
        number=number,
        state=state,
        value=value,
        values=(value if value is not None else float("nan"),),
        metrics={"loss": value},
        steps_done=10,
        rungs=((3, 5.0),),
        reason=None if state is TrialState.COMPLETED else f"it {state}",
        trajectory=encode(make_trajectory(rows=11, seed=number)),
        engine_s=0.1,
    )


class Clock:
    """A clock that can be put forward."""

    ahead_s = 0.0

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + timedelta(seconds=self.ahead_s)


def still_open(trials: list[job_runs.RoundTrial]) -> list[int]:
    return [trial.number for trial in trials if trial.is_open]


RESULTS = [
    result(0, 3.0),
    result(1, 1.0),
    result(2, None, TrialState.DIVERGED),
    result(3, 1.0),
]


def claimed(db: Database, limit: int = 10) -> list[job_runs.PendingRun]:
    """Return claimed runs, without a start of their workflows."""
    with job_runs.claim(db, limit) as pending:
        return pending


@pytest.fixture
def job_id(db: Database, settings: Settings, make_spec: MakeSpec) -> str:
    """Return a running job of four trials."""
    job = jobs.submit(db, settings, make_spec())
    job_runs.start(db, job.id, 1)
    return job.id


def test_a_queued_run_waits_until_it_is_claimed(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec(priority=7))
    assert claimed(db) == [job_runs.PendingRun(job.id, 1, 7)]
    assert claimed(db) == []
    jobs.pause(db, job.id)
    jobs.resume(db, job.id)
    assert claimed(db) == [job_runs.PendingRun(job.id, 2, 7)]


def test_a_claim_that_fails_leaves_the_run_waiting(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec())
    with pytest.raises(RuntimeError), job_runs.claim(db, 10):
        raise RuntimeError("the workflow could not be started")
    assert claimed(db) == [job_runs.PendingRun(job.id, 1, 0)]


def test_the_urgent_run_is_claimed_first_and_of_equals_the_older(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    ids = [jobs.submit(db, settings, make_spec(priority=priority)).id for priority in (0, 5, -5, 5)]
    claimed_ids = [claimed(db, 1)[0].job_id for _ in ids]
    assert claimed_ids == [ids[1], ids[3], ids[0], ids[2]]
    assert claimed(db, 0) == []


def test_two_workers_never_claim_the_same_run(
    postgres: PostgresServer, settings: Settings, make_spec: MakeSpec
) -> None:
    shared = Database(Settings(database_url=postgres.migrated()).database)
    ids = [jobs.submit(shared, settings, make_spec()).id for _ in range(3)]
    with job_runs.claim(shared, 2) as first, job_runs.claim(shared, 2) as second:
        assert [[run.job_id for run in runs] for runs in (first, second)] == [ids[:2], ids[2:]]
    shared.close()


def test_starting_twice_is_starting_once(db: Database, job_id: str) -> None:
    first = jobs.get(db, job_id).started_at
    job_runs.start(db, job_id, 1)
    assert jobs.get(db, job_id).started_at == first


def test_a_round_stored_twice_is_stored_once(db: Database, job_id: str) -> None:
    for _ in range(2):
        assert still_open(job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)) == [0, 1, 2, 3]
    assert jobs.get(db, job_id).progress.trials_running == 4
    for _ in range(2):
        job_runs.record_trials(db, job_id, 1, RESULTS, 0.5)
    job = jobs.get(db, job_id)
    assert (job.progress.trials_completed, job.progress.trials_diverged) == (3, 1)
    assert job.best is not None
    assert (job.best.number, job.best.value) == (1, 1.0)
    kinds = [event.kind for event in events.read(db, job_id, 0).events]
    assert kinds.count("trial") == 4
    assert kinds.count("best") == 1


def test_a_result_once_stored_is_never_replaced(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, [result(0, 3.0)], 0.1)
    job_runs.record_trials(db, job_id, 1, [result(0, 99.0)], 0.1)
    assert trials.get(db, job_id, 0).value == 3.0
    assert still_open(job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)) == [1, 2, 3]


def test_a_round_is_evaluated_as_first_stored(db: Database, job_id: str) -> None:
    assert not job_runs.is_stored(db, job_id, range(4))
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    assert job_runs.is_stored(db, job_id, range(4))
    again = job_runs.open_round(db, job_id, 1, 0, range(4), ASKED[::-1])  # as another version might ask
    assert [trial.configuration for trial in again] == ASKED


def test_the_past_can_be_cut_to_the_best_and_the_latest(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, RESULTS, 0.5)
    past = job_runs.finished_trials(db, job_id, 1, best=1, latest=1)
    assert [trial.number for trial in past] == [1, 3]


def test_the_trials_that_a_cancel_ends_are_events_too(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    jobs.cancel(db, job_id)
    story = [event.kind for event in events.read(db, job_id, 0).events]
    assert story[-5:] == ["trial"] * 4 + ["state"]


def test_a_pause_does_not_count_as_running_time(
    db: Database, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    for module in (job_runs, transitions):
        monkeypatch.setattr(module, "datetime", clock)
    begun = job_runs.elapsed_s(db, job_id)
    clock.ahead_s += 10
    jobs.pause(db, job_id)
    clock.ahead_s += 100
    jobs.resume(db, job_id)
    job_runs.start(db, job_id, 2)
    clock.ahead_s += 5
    assert job_runs.elapsed_s(db, job_id) - begun == pytest.approx(15, abs=2)


def test_a_run_that_lost_its_workflow_waits_again_under_the_next_number(db: Database, job_id: str) -> None:
    (item,) = claimed(db)
    assert job_runs.started(db) == [item]
    job_runs.start_anew(db, job_id, 1)
    assert job_runs.started(db) == []
    job_runs.start_anew(db, job_id, 1)  # another worker has found the same
    assert claimed(db) == [job_runs.PendingRun(job_id, 2, item.priority)]
    with pytest.raises(job_runs.Interrupted):  # the worker that was taken for dead
        job_runs.record_fraction(db, job_id, 1, 0.5, "final")


def test_a_recorded_result_reads_back_unchanged(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, RESULTS, 0.5)
    finished = job_runs.finished_trials(db, job_id, 1)
    assert [trial.configuration for trial in finished] == ASKED
    assert [trial.value for trial in finished] == [3.0, 1.0, None, 1.0]
    assert [trial.reason for trial in finished] == [None, None, "it diverged", None]
    assert finished[0].rungs == ((3, 5.0),)
    assert job_runs.finished_trials(db, job_id, 0) == []
    trajectory = trials.trajectory(db, job_id, 0, None)
    assert trajectory.loss == [float(x) for x in make_trajectory(rows=11, seed=0).loss]
    assert trajectory.learning_rate[-1] is None


def test_a_cancelled_job_takes_no_more_results(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, RESULTS[:1], 0.1)
    jobs.cancel(db, job_id)
    with pytest.raises(Interrupted):
        job_runs.record_trials(db, job_id, 1, RESULTS[1:], 0.5)
    assert not job_runs.is_running(db, job_id, 1)
    states = [trials.get(db, job_id, number).state for number in range(4)]
    assert states == [TrialState.COMPLETED] + [TrialState.FAILED] * 3
    assert trials.get(db, job_id, 1).reason == "cancelled"


def test_a_paused_job_keeps_its_results_and_continues_after_a_resume(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, RESULTS[:2], 0.2)
    jobs.pause(db, job_id)
    with pytest.raises(Interrupted):
        job_runs.record_trials(db, job_id, 1, RESULTS[2:], 0.2)
    assert trials.get(db, job_id, 3).state is TrialState.WAITING
    jobs.resume(db, job_id)
    job_runs.start(db, job_id, 2)
    with pytest.raises(Interrupted):  # the paused run's worker wakes up late
        job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    assert still_open(job_runs.open_round(db, job_id, 2, 0, range(4), [])) == [2, 3]


def test_a_failed_job_says_why(db: Database, job_id: str) -> None:
    problem = Problem(type="/problems/internal-error", title="t", status=500, detail="the pool is gone")
    job_runs.fail(db, job_id, 1, problem)
    job = jobs.get(db, job_id)
    assert job.state == "failed"
    assert job.error == problem
    assert job.reason == "the pool is gone"


def test_trials_page_by_value_with_the_valueless_last(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, RESULTS, 0.5)
    seen, token = [], None
    while True:
        page = trials.list_trials(db, job_id, state=None, order_by="value", limit=1, page_token=token)
        seen += [trial.number for trial in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert seen == [1, 3, 0, 2]


def test_a_missing_trial_and_a_missing_trajectory_are_different_errors(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    for number in (4, -1, 2**40):
        with pytest.raises(TrialNotFound):
            trials.trajectory(db, job_id, number, None)
    with pytest.raises(TrajectoryNotFound, match="is running"):
        trials.trajectory(db, job_id, 0, None)


def test_the_best_trajectories_are_sorted_and_thinned(db: Database, job_id: str) -> None:
    job_runs.open_round(db, job_id, 1, 0, range(4), ASKED)
    job_runs.record_trials(db, job_id, 1, RESULTS, 0.5)
    items = trials.trajectories(db, job_id, top=2, points=5)
    assert [item.number for item in items] == [1, 3]
    assert all(len(item.trajectory.step) <= 5 for item in items)


def test_the_objective_settings_of_a_trial_read_back_unchanged(db: Database, job_id: str) -> None:
    settings = {"l2": 1e-3, "model.dropout": 0.25}
    asked = [dataclasses.replace(configuration, settings=settings) for configuration in ASKED]
    opened = job_runs.open_round(db, job_id, 1, 0, range(4), asked)
    assert [trial.configuration for trial in opened] == asked
    assert trials.get(db, job_id, 0).settings == settings
