"""The operations of a worker on a job: start it, read its trials, store the results of its steps, end it.

Steps can run twice, and two workers can hold the same job for a moment. Every function here may therefore be
repeated, and raises Interrupted if the job no longer runs under the given run number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.db import Database
from app.db.notifications import notify
from app.db.queries import events, range_tests, trials
from app.db.queries import jobs as table
from app.db.tables import JobRow
from app.domain.records import Configuration, FinishedTrial, TrialResult
from app.domain.states import JobState, TrialState
from app.services import responses, transitions, trial_rows
from app.spec.job import JobSpec
from app.spec.resources.answers import Problem
from app.spec.resources.recommendations import Recommendation
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.stages import RANGE_TEST, SEARCH

PROGRESS_INTERVAL_S = 0.25  # seconds between progress events: at most four a second


class Interrupted(Exception):
    """The job was paused, cancelled or deleted, or has another run number: the worker must stop."""


@dataclass(frozen=True)
class PendingRun:
    """A run of a job that needs a workflow, or should have one.

    run: the run number, 1 for a new job.
    """

    job_id: str
    run: int
    priority: int


@dataclass(frozen=True)
class RoundTrial:
    """A trial of a round, and whether it still needs a result."""

    number: int
    configuration: Configuration
    is_open: bool


@contextmanager
def claim(db: Database, limit: int) -> Iterator[list[PendingRun]]:
    """Yield runs without a workflow, by priority, then age, locked against other workers.

    Mark the runs as started if the block exits normally; otherwise leave them queued.
    """
    with db.read() as session:  # most calls find nothing, and need not wait for SQLite's one writer
        if limit < 1 or not table.any_waiting(session):
            yield []
            return
    with db.write() as session:
        rows = table.claim_waiting(session, limit)
        yield [PendingRun(row.id, row.run, row.priority) for row in rows]
        for row in rows:
            row.enqueued_run = row.run


def started(db: Database, limit: int = 1000) -> list[PendingRun]:
    """Return the unfinished runs that should have a workflow."""
    with db.read() as session:
        return [PendingRun(row.id, row.run, row.priority) for row in table.unfinished(session, limit)]


def start_anew(db: Database, job_id: str, run_number: int) -> None:
    """Queue a job whose workflow is lost again, under the next run number.

    From here on, writes of the lost workflow are refused.
    """
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        if row is None or row.run != run_number or row.state not in (JobState.QUEUED, JobState.RUNNING):
            return
        row.run += 1
        notify(session)


def start(db: Database, job_id: str, run_number: int) -> None:
    """Set a queued job running; a job that runs already is left as it is. Raises Interrupted."""
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        if row is None or row.run != run_number or row.state not in (JobState.QUEUED, JobState.RUNNING):
            raise Interrupted(job_id)
        row.stage = row.stage or _first_stage(session, row)
        if row.state == JobState.QUEUED:
            transitions.move(session, row, JobState.RUNNING)


def plan_of(db: Database, job_id: str) -> Plan:
    """Return the plan of a job. Raises Interrupted if the job is deleted."""
    with reading(db, job_id) as (_, row):
        spec = JobSpec.model_validate(row.spec)
    return Plan.of(spec)


def is_running(db: Database, job_id: str, run_number: int) -> bool:
    """Return whether the job still runs under the given run number."""
    with db.read() as session:
        return table.states(session, [job_id]).get(job_id) == (JobState.RUNNING, run_number)


def elapsed_s(db: Database, job_id: str) -> float:
    """Return the seconds that the job has spent running, without its pauses."""
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
    """Return the ended trials of the rounds before `before_round`, by number. Raises Interrupted.

    from_round: leave out earlier rounds. best, latest: numbers of trials to keep, with the lowest values and
    with the highest trial numbers; None for all.
    """
    with reading(db, job_id) as (session, row):
        rows = trials.finished_before(
            session, row.key, before_round, from_round=from_round, best=best, latest=latest
        )
        return [trial_rows.finished(trial) for trial in rows]


def values_before(db: Database, job_id: str, before_round: int) -> list[float | None]:
    """Return the values of the ended trials of the rounds before `before_round`. Raises Interrupted."""
    with reading(db, job_id) as (session, row):
        return trials.values_before(session, row.key, before_round)


def trajectory(db: Database, job_id: str, number: int) -> bytes | None:
    """Return the stored trajectory of a trial, encoded. Raises Interrupted if the job is deleted."""
    with reading(db, job_id) as (session, row):
        return trials.trajectory(session, row.key, number)


def count_trials(db: Database, job_id: str) -> int:
    """Return the number of trials of a job, in any state. Raises Interrupted if the job is deleted."""
    with reading(db, job_id) as (session, row):
        return trials.count(session, row.key)


def is_stored(db: Database, job_id: str, numbers: range) -> bool:
    """Return whether every trial of `numbers` is stored. Raises Interrupted if the job is deleted."""
    with reading(db, job_id) as (session, row):
        return len(trials.of_numbers(session, row.key, numbers)) == len(numbers)


def open_round(
    db: Database,
    job_id: str,
    run_number: int,
    round: int,
    numbers: range,
    configurations: Sequence[Configuration],
) -> list[RoundTrial]:
    """Store the trials of a round as running. Return the stored trials of the round. Raises Interrupted.

    A trial that is stored already keeps its configuration, which is then evaluated: another version of the
    sampler might have proposed a different one. configurations: empty if every trial is stored.
    """
    now = datetime.now(UTC)
    with running(db, job_id, run_number) as (session, row):
        seed = row.spec["seed"]
        new = [
            trial_rows.new_trial(row.key, number, round, seed, configuration, now)
            for number, configuration in zip(numbers, configurations, strict=bool(configurations))
        ]
        trials.insert_new(session, new)
        trials.move(session, row.key, TrialState.WAITING, TrialState.RUNNING)
        table.recount(session, row)
        return [
            RoundTrial(trial.number, trial_rows.configuration_of(trial), trial.state == TrialState.RUNNING)
            for trial in trials.of_numbers(session, row.key, numbers)
        ]


def record_trials(
    db: Database, job_id: str, run_number: int, results: Sequence[TrialResult], fraction: float
) -> int:
    """Store results, trajectories, counters, the best trial and events. Raises Interrupted.

    Return the number of failed trials of the job.
    """
    now = datetime.now(UTC)
    with running(db, job_id, run_number) as (session, row):
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


def enter_stage(db: Database, job_id: str, run_number: int, fraction: float, stage: str) -> None:
    """Store the stage of a job, unless the job is at that stage already. Raises Interrupted."""
    with db.read() as session:  # most requests do not change the stage, and need not wait for a writer
        row = table.find(session, job_id)
        if row is not None and row.stage == stage:
            return
    record_fraction(db, job_id, run_number, fraction, stage)


def record_fraction(db: Database, job_id: str, run_number: int, fraction: float, stage: str) -> None:
    """Store the fraction and the stage of a job when no trial ended. Raises Interrupted."""
    now = datetime.now(UTC)
    with running(db, job_id, run_number) as (session, row):
        row.stage = stage
        _advance(row, fraction, now)
        _progress_events(session, row, now)


def succeed(
    db: Database, job_id: str, run_number: int, recommendation: Recommendation | None, reason: str | None
) -> None:
    """Store the recommendation and end the job as succeeded. Raises Interrupted."""
    now = datetime.now(UTC)
    with running(db, job_id, run_number) as (session, row):
        if recommendation is not None:
            events.store_recommendation(session, row.key, recommendation.model_dump(mode="json"), now)
            events.append(session, row, "recommendation", {str(run_number): None}, now)
        transitions.move(session, row, JobState.SUCCEEDED, reason)


def fail(db: Database, job_id: str, run_number: int, problem: Problem) -> None:
    """End a job as failed. Raises Interrupted."""
    with running(db, job_id, run_number) as (session, row):
        row.error = problem.model_dump(mode="json")
        transitions.move(session, row, JobState.FAILED, problem.detail)


@contextmanager
def reading(db: Database, job_id: str) -> Iterator[tuple[Session, JobRow]]:
    """Open a snapshot with the row of a job, in any state. Raises Interrupted if the job is deleted."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        yield session, row


@contextmanager
def running(db: Database, job_id: str, run_number: int) -> Iterator[tuple[Session, JobRow]]:
    """Open a transaction with the row of a running job locked. Raises Interrupted."""
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        if row is None or row.run != run_number or row.state != JobState.RUNNING:
            raise Interrupted(job_id)
        yield session, row


def _first_stage(session: Session, row: JobRow) -> str:
    return SEARCH if range_tests.find(session, row.id) is None else RANGE_TEST


def _advance(row: JobRow, fraction: float, now: datetime) -> None:
    """Store the fraction done, and the time left at the mean speed so far."""
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
