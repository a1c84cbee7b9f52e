"""Replays as a worker runs them: taken once, leased, compared and stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db import Database
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.errors import JobNotFound, ReplayNotFound
from app.services import jobs, replays, trials
from app.settings import Settings
from app.spec.resources.replays import Replay, ReplayState
from app.worker.jobs.replays import Replays
from app.worker.pool.protocols import ShardLost
from tests.support.in_process_worker import InThisProcess, run_job
from tests.support.make_spec import MakeSpec


@pytest.fixture
def job_id(db: Database, settings: Settings, make_spec: MakeSpec) -> str:
    """Return a job of 16 trials, of which some are pruned and some diverged."""
    rates = {"choices": [0.001, 0.003, 0.01, 0.1, 1e6]}
    space = {"optimizers": [{"kind": "sgd", "learning_rate": rates}], "schedules": [{"kind": "constant"}]}
    spec = make_spec(
        objective={"kind": "function", "name": "quadratic", "noise": 0.1},
        search_space=space,
        budget={"trials": 16, "steps": 30},
        pruner={"kind": "successive_halving"},
        confirmation=None,
    )
    return run_job(db, settings, spec)


def replay(db: Database, job_id: str, number: int, pool: Any = None) -> Replay:
    replays.request(db, job_id, number)
    claimed = replays.claim(db)
    assert claimed is not None
    assert (claimed.job_id, claimed.number) == (job_id, number)
    Replays(db, pool or InThisProcess()).run(claimed)
    return replays.get(db, job_id, number)


@pytest.mark.parametrize("state", [TrialState.COMPLETED, TrialState.PRUNED, TrialState.DIVERGED])
def test_a_replay_of_a_trial_in_any_end_state_is_identical(
    db: Database, job_id: str, state: TrialState
) -> None:
    page = trials.list_trials(db, job_id, state=state, order_by="number", limit=1, page_token=None)
    result = replay(db, job_id, page.items[0].number)
    assert result.state is ReplayState.SUCCEEDED
    assert result.identical is True
    assert result.difference is None
    assert result.error is None
    assert result.started_at is not None
    assert result.finished_at is not None


def test_a_changed_trial_differs_from_its_replay(db: Database, job_id: str) -> None:
    with db.write() as session:
        row = session.execute(text("SELECT data FROM trajectories WHERE number = 0")).scalar_one()
        trajectory = codec.decode(bytes(row))
        trajectory.loss[2] *= 1.0000001
        session.execute(
            text("UPDATE trajectories SET data = :data WHERE number = 0"), {"data": codec.encode(trajectory)}
        )
    result = replay(db, job_id, 0)
    assert result.state is ReplayState.SUCCEEDED
    assert result.identical is False
    assert result.difference is not None
    assert (result.difference.field, result.difference.step) == ("loss", 2)


def test_a_replay_is_given_to_one_worker_and_to_another_when_its_lease_has_run_out(
    db: Database, job_id: str
) -> None:
    replays.request(db, job_id, 1)
    lost = replays.claim(db)
    assert lost is not None
    assert replays.claim(db) is None
    with db.write() as session:
        session.execute(
            text("UPDATE replays SET leased_until = :then"),
            {"then": (datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None).isoformat(" ")},
        )
    taken = replays.claim(db)
    assert taken is not None
    assert taken.attempt == lost.attempt + 1
    assert not replays.renew(db, lost)
    assert replays.renew(db, taken)
    replays.fail(db, lost, "too late")
    assert replays.get(db, job_id, 1).state is ReplayState.RUNNING
    replays.succeed(db, taken, None)
    assert replays.get(db, job_id, 1).identical is True


def test_the_only_worker_resumes_unfinished_replays_at_once(db: Database, job_id: str) -> None:
    replays.request(db, job_id, 1)
    assert replays.claim(db) is not None
    assert replays.claim(db) is None
    replays.release(db)
    assert replays.claim(db) is not None


def test_a_replay_that_kills_every_worker_fails_with_a_reason(db: Database, job_id: str) -> None:
    replays.request(db, job_id, 1)
    with db.write() as session:
        session.execute(text("UPDATE replays SET attempt = 5"))
    assert replays.claim(db) is None
    result = replays.get(db, job_id, 1)
    assert result.state is ReplayState.FAILED
    assert result.error is not None
    assert "died 5 times" in result.error.detail


class Losing(InThisProcess):
    """Loses every shard."""

    def run(self, job: Any, shards: Any, go_on: Any) -> Any:
        yield 0, ShardLost("the process died")


def test_a_replay_whose_process_died_fails_and_can_be_asked_for_again(db: Database, job_id: str) -> None:
    result = replay(db, job_id, 2, Losing())
    assert result.state is ReplayState.FAILED
    assert result.error is not None
    assert result.identical is None
    assert replay(db, job_id, 2).identical is True


def test_deleting_the_job_removes_its_replays(db: Database, job_id: str) -> None:
    replays.request(db, job_id, 3)
    claimed = replays.claim(db)
    assert claimed is not None
    jobs.delete(db, job_id)
    assert not replays.renew(db, claimed)
    replays.succeed(db, claimed, None)
    with pytest.raises(JobNotFound):
        replays.get(db, job_id, 3)
    with db.read() as session:
        assert session.scalar(text("SELECT count(*) FROM replays")) == 0


def test_a_worker_runs_all_waiting_replays_in_one_thread(db: Database, job_id: str) -> None:
    for number in (4, 5):
        replays.request(db, job_id, number)
    worker = Replays(db, InThisProcess())
    worker.look()
    assert worker._thread is not None
    worker._thread.join(20)
    assert all(replays.get(db, job_id, number).identical for number in (4, 5))


def test_a_trial_that_was_never_replayed_has_none(db: Database, job_id: str) -> None:
    with pytest.raises(ReplayNotFound):
        replays.get(db, job_id, 6)
