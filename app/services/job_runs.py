"""What a worker asks of the store: to start a job, to record what its steps gave, to end it.

Steps can run twice, and two workers can hold the same job for a moment: every function here may be
repeated, and refuses to touch a job that is no longer running in the given run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.db import Database
from app.db.notifications import ring
from app.db.queries import events, range_tests, trials
from app.db.queries import jobs as table
from app.db.tables import JobRow
from app.domain.records import Configuration, FinishedTrial, TrialResult
from app.domain.states import JobState, TrialState
from app.services import responses, transitions, trial_rows
from app.spec.job import JobSpec
from app.spec.resources.answers import Problem
from app.spec.resources.recommendations import Recommendation
from app.tuning.recommendation.stages import RANGE_TEST, SEARCH

PROGRESS_INTERVAL_S = 0.25  # at most 4 progress events a second


class Interrupted(Exception):
    """The job was paused, cancelled or deleted, or runs again under another number: stop working on it."""


@dataclass(frozen=True)
class Pending:
    """A run of a job that needs a workflow, or should have one."""

    job_id: str
    run: int
    priority: int


@dataclass(frozen=True)
class RoundTrial:
    """A trial of the round at hand: what to evaluate, and whether its result is still wanted."""

    number: int
    configuration: Configuration
    is_open: bool


@contextmanager
def claim(db: Database, limit: int) -> Iterator[list[Pending]]:
    """Runs that have no workflow yet, by priority, then age; no other worker gets them meanwhile.

    They are taken for started where the block ends well, and wait on where it raises.
    """
    with db.read() as session:  # most looks find nothing, and need not wait for SQLite's one writer
        if limit < 1 or not table.any_waiting(session):
            yield []
            return
    with db.write() as session:
        rows = table.claim_waiting(session, limit)
        yield [Pending(row.id, row.run, row.priority) for row in rows]
        for row in rows:
            row.enqueued_run = row.run


def started(db: Database, limit: int = 1000) -> list[Pending]:
    """Unfinished runs that should have a workflow."""
    with db.read() as session:
        return [Pending(row.id, row.run, row.priority) for row in table.unfinished(session, limit)]


def start_anew(db: Database, job_id: str, run: int) -> None:
    """Lets a run whose workflow is lost wait for a worker again, under the next number.

    What the lost workflow may still try to store is refused from here on.
    """
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        if row is None or row.run != run or row.state not in (JobState.QUEUED, JobState.RUNNING):
            return
        row.run += 1
        ring(session)


def start(db: Database, job_id: str, run: int) -> None:
    """Set a queued job running; one that runs already, or was paused, goes on. Raises Interrupted."""
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        if row is None or row.run != run or row.state not in (JobState.QUEUED, JobState.RUNNING):
            raise Interrupted(job_id)
        row.stage = row.stage or _first_stage(session, row)
        if row.state == JobState.QUEUED:
            transitions.move(session, row, JobState.RUNNING)


def spec_of(db: Database, job_id: str) -> JobSpec:
    """The job's spec. Raises Interrupted where the job is gone."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        return JobSpec.model_validate(row.spec)


def is_running(db: Database, job_id: str, run: int) -> bool:
    """Whether that run of the job should go on."""
    with db.read() as session:
        return table.states(session, [job_id]).get(job_id) == (JobState.RUNNING, run)


def elapsed_s(db: Database, job_id: str) -> float:
    """Seconds that the job has spent running, pauses left out."""
    with db.read() as session:
        row = table.find(session, job_id)
        return 0.0 if row is None else transitions.running_s(row, datetime.now(UTC))


def finished_trials(
    db: Database,
    job_id: str,
    before_round: int,
    *,
    from_round: int = 0,
    best: int | None = None,
    latest: int | None = None,
) -> list[FinishedTrial]:
    """The ended trials of the rounds before that one, by number.

    from_round: only those of this round and later ones. best, latest: only so many of the lowest values and
    of the highest numbers. Raises Interrupted.
    """
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        found = trials.finished_before(
            session, row.key, before_round, from_round=from_round, best=best, latest=latest
        )
        return [trial_rows.finished(trial) for trial in found]


def values_before(db: Database, job_id: str, before_round: int) -> list[float | None]:
    """The values of the ended trials of the rounds before that one, by number. Raises Interrupted."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        return trials.values_before(session, row.key, before_round)


def trajectory(db: Database, job_id: str, number: int) -> bytes | None:
    """The stored curve of a trial, encoded. Raises Interrupted where the job is gone."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        return trials.trajectory(session, row.key, number)


def count_trials(db: Database, job_id: str) -> int:
    """How many trials the job has, in whatever state. Raises Interrupted where it is gone."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        return trials.count(session, row.key)


def is_stored(db: Database, job_id: str, numbers: range) -> bool:
    """Whether every one of these trials has a row. Raises Interrupted where the job is gone."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        return len(trials.of_numbers(session, row.key, numbers)) == len(numbers)


def open_round(
    db: Database, job_id: str, run: int, round: int, numbers: range, asked: Sequence[Configuration]
) -> list[RoundTrial]:
    """Stores the trials of a round as running; gives those of the round, by number, as they are stored.

    A trial that is stored already keeps what it has, and that is what must be evaluated: another version
    of the sampler might have asked for something else. asked: empty where all are stored. Raises Interrupted.
    """
    now = datetime.now(UTC)
    with running(db, job_id, run) as (session, row):
        seed = row.spec["seed"]
        new = [
            trial_rows.new_trial(row.key, number, round, seed, configuration, now)
            for number, configuration in zip(numbers, asked, strict=bool(asked))
        ]
        trials.insert_new(session, new)
        trials.move(session, row.key, TrialState.WAITING, TrialState.RUNNING)
        table.recount(session, row)
        return [
            RoundTrial(trial.number, trial_rows.configuration_of(trial), trial.state == TrialState.RUNNING)
            for trial in trials.of_numbers(session, row.key, numbers)
        ]


def record_trials(
    db: Database, job_id: str, run: int, results: Sequence[TrialResult], fraction: float
) -> int:
    """Stores results and curves, the counters, the best trial and the events. Raises Interrupted.

    Returns how many trials of the job have failed.
    """
    now = datetime.now(UTC)
    with running(db, job_id, run) as (session, row):
        trials.finish(session, row.key, [trial_rows.result_columns(result, now) for result in results])
        trials.insert_trajectories(
            session,
            [
                {"job_key": row.key, "number": result.number, "data": result.trajectory}
                for result in results
                if result.trajectory is not None
            ],
        )
        _advance(row, fraction, now)
        table.recount(session, row)
        events.append(session, row, "trial", {str(result.number): None for result in results}, now)
        _progress_events(session, row, now)
        return row.trials_failed


def enter_stage(db: Database, job_id: str, run: int, fraction: float, stage: str) -> None:
    """Store the stage that the job has come to, unless it is there already. Raises Interrupted."""
    with db.read() as session:  # most requests are of the stage before, and need not wait for a writer
        row = table.find(session, job_id)
        if row is not None and row.stage == stage:
            return
    record_fraction(db, job_id, run, fraction, stage)


def record_fraction(db: Database, job_id: str, run: int, fraction: float, stage: str) -> None:
    """Store how far the job is, and at which stage, while no trial ends. Raises Interrupted."""
    now = datetime.now(UTC)
    with running(db, job_id, run) as (session, row):
        row.stage = stage
        _advance(row, fraction, now)
        _progress_events(session, row, now)


def succeed(
    db: Database, job_id: str, run: int, recommendation: Recommendation | None, reason: str | None
) -> None:
    """Stores the answer and ends the job. Raises Interrupted."""
    now = datetime.now(UTC)
    with running(db, job_id, run) as (session, row):
        if recommendation is not None:
            events.store_recommendation(session, row.key, recommendation.model_dump(mode="json"), now)
            events.append(session, row, "recommendation", {str(run): None}, now)
        transitions.move(session, row, JobState.SUCCEEDED, reason)


def fail(db: Database, job_id: str, run: int, problem: Problem) -> None:
    """Ends a job that cannot go on. Raises Interrupted."""
    with running(db, job_id, run) as (session, row):
        row.error = problem.model_dump(mode="json")
        transitions.move(session, row, JobState.FAILED, problem.detail)


@contextmanager
def running(db: Database, job_id: str, run: int) -> Iterator[tuple[Session, JobRow]]:
    """A transaction that holds the row of a job while that run of it is running. Raises Interrupted."""
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        if row is None or row.run != run or row.state != JobState.RUNNING:
            raise Interrupted(job_id)
        yield session, row


def _first_stage(session: Session, row: JobRow) -> str:
    return SEARCH if range_tests.find(session, row.id) is None else RANGE_TEST


def _advance(row: JobRow, fraction: float, now: datetime) -> None:
    """Stores the share done, and the time left if the rest goes as fast."""
    row.fraction = max(row.fraction, fraction)
    if row.fraction > 0:
        row.eta_s = round(transitions.running_s(row, now) * (1 - row.fraction) / row.fraction, 1)


def _progress_events(session: Session, row: JobRow, now: datetime) -> None:
    if row.best_number is not None:
        best = {"number": row.best_number, "value": row.best_value}
        events.append(session, row, "best", {f"{row.best_number}": best}, now)
    last = events.last_time(session, row.key, "progress")
    if last is None or (now - last).total_seconds() >= PROGRESS_INTERVAL_S:
        body = responses.progress(row).model_dump(mode="json")
        events.append(session, row, "progress", {f"{row.run}-{row.fraction:.6f}-{row.stage}": body}, now)
