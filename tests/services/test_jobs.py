"""Submitting, listing, controlling and deleting jobs; the state machine."""

from __future__ import annotations

import json
from itertools import product

import pytest
from sqlalchemy import func, select

from app.db import Database
from app.db.queries import jobs as table
from app.db.tables import Base, JobRow
from app.domain.states import JobState
from app.errors import IllegalTransition, InvalidPageToken, JobNotFinished, JobNotFound, QuotaExceeded
from app.services import events, jobs, transitions
from app.settings import Settings
from tests.support.make_spec import MakeSpec


def test_a_submitted_job_is_queued_with_every_default_filled_in(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec())
    assert job.state is JobState.QUEUED
    assert job.progress.trials_total == 4
    assert jobs.get(db, job.id) == job
    assert job.spec["precision"] == "float64"
    assert job.spec["confirmation"] == {"top": 8, "replicates": 64}
    assert job.name == "rosenbrock"


@pytest.mark.parametrize("job_id", ["job_none", "", "x" * 1000, "a\0b", "'; drop table jobs"])
def test_an_id_that_names_nothing_is_not_found(db: Database, job_id: str) -> None:
    with pytest.raises(JobNotFound):
        jobs.get(db, job_id)


def test_a_job_beyond_the_quota_is_refused_and_not_stored(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    tight = settings.model_copy(update={"max_trials": 3})
    with pytest.raises(QuotaExceeded, match=r"trials must be <= 3 on this server, got 4") as caught:
        jobs.submit(db, tight, make_spec())
    assert caught.value.errors
    assert caught.value.errors[0][0] == "/budget/trials"
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(JobRow)) == 0


def test_a_list_pages_through_all_jobs_newest_first(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    ids = [jobs.submit(db, settings, make_spec()).id for _ in range(5)]
    seen, token = [], None
    while True:
        page = jobs.list_jobs(db, state=None, name=None, limit=2, page_token=token)
        seen += [job.id for job in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert seen == ids[::-1]


def test_a_list_filters_by_state_and_name(db: Database, settings: Settings, make_spec: MakeSpec) -> None:
    first = jobs.submit(db, settings, make_spec(name="one"))
    second = jobs.submit(db, settings, make_spec(name="two"))
    jobs.cancel(db, first.id)
    queued = jobs.list_jobs(db, state=JobState.QUEUED, name=None, limit=10, page_token=None)
    named = jobs.list_jobs(db, state=None, name="one", limit=10, page_token=None)
    assert [job.id for job in queued.items] == [second.id]
    assert [job.id for job in named.items] == [first.id]


@pytest.mark.parametrize("token", ["", "zzz", "W10", "bnVsbA", "é", "WzEsMl0", "W3t9LFsieCJdXQ"])
def test_a_forged_page_token_is_refused(db: Database, token: str) -> None:
    with pytest.raises(InvalidPageToken):
        jobs.list_jobs(db, state=None, name=None, limit=2, page_token=token)


def test_a_page_token_is_bound_to_its_filter(db: Database, settings: Settings, make_spec: MakeSpec) -> None:
    for _ in range(3):
        jobs.submit(db, settings, make_spec())
    token = jobs.list_jobs(db, state=None, name=None, limit=1, page_token=None).next_page_token
    with pytest.raises(InvalidPageToken, match="another filter"):
        jobs.list_jobs(db, state=None, name="other", limit=1, page_token=token)


@pytest.mark.parametrize(("state", "to"), list(product(JobState, JobState)))
def test_only_transitions_of_the_state_machine_are_allowed(
    db: Database, settings: Settings, make_spec: MakeSpec, state: JobState, to: JobState
) -> None:
    job = jobs.submit(db, settings, make_spec())
    with db.write() as session:
        row = table.find(session, job.id, lock=True)
        assert row is not None
        row.state = state
        if to in transitions.TRANSITIONS[state]:
            transitions.move(session, row, to)
            assert row.state == to
        else:
            with pytest.raises(IllegalTransition, match=state):
                transitions.move(session, row, to)
            assert row.state == state


def test_repeating_a_cancel_is_no_error_but_resuming_a_cancelled_job_is(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec())
    assert jobs.cancel(db, job.id).state is JobState.CANCELLED
    assert jobs.cancel(db, job.id).state is JobState.CANCELLED
    for verb in (jobs.resume, jobs.pause):
        with pytest.raises(IllegalTransition, match="is cancelled"):
            verb(db, job.id)


def test_a_resumed_job_runs_again_under_a_new_number(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec())
    jobs.pause(db, job.id)
    assert jobs.resume(db, job.id).state is JobState.QUEUED
    with db.read() as session:
        assert table.states(session, [job.id]) == {job.id: ("queued", 2)}


def test_only_an_ended_job_can_be_deleted_and_all_its_rows_go(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec())
    with pytest.raises(JobNotFinished):
        jobs.delete(db, job.id)
    jobs.cancel(db, job.id)
    jobs.delete(db, job.id)
    with pytest.raises(JobNotFound):
        jobs.get(db, job.id)
    with db.read() as session:
        for name in ("jobs", "trials", "trajectories", "recommendations", "events"):
            assert session.scalar(select(func.count()).select_from(Base.metadata.tables[name])) == 0


def test_every_change_of_state_is_an_event_with_the_job_as_it_was(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    job = jobs.submit(db, settings, make_spec())
    jobs.pause(db, job.id)
    jobs.resume(db, job.id)
    jobs.cancel(db, job.id)
    stored = events.read(db, job.id, 0).events
    assert [event.id for event in stored] == [1, 2, 3, 4]
    states = [JobState(json.loads(event.data)["state"]) for event in stored]
    assert states == [JobState.QUEUED, JobState.PAUSED, JobState.QUEUED, JobState.CANCELLED]
    assert [event.id for event in events.read(db, job.id, 2).events] == [3, 4]
    assert events.read(db, job.id, 4) == events.News([], ended=True)
