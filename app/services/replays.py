"""Replays of trials: the request, the result, and the lease under which a worker runs one.

A worker renews the lease while the replay runs. If the worker is killed, the lease expires, and any worker
claims the replay again. Only the attempt that holds the lease stores anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.db import Database
from app.db.notifications import notify
from app.db.queries import replays, trials
from app.db.tables import JobRow, ReplayRow, TrialRow
from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.errors import AppError, ReplayNotFound, TrialNotFinished, TrialNotFound
from app.services import jobs, trial_rows
from app.services.trials import MAX_NUMBER
from app.spec.job import JobSpec
from app.spec.resources.answers import Problem
from app.spec.resources.replays import Replay, ReplayDifference, ReplayState

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 5  # workers that may die while they run one replay
REPLAYABLE = (TrialState.COMPLETED, TrialState.PRUNED, TrialState.DIVERGED)


@dataclass(frozen=True)
class Claimed:
    """A replay that this worker has leased, with the inputs of the run and the stored result."""

    job_key: int
    job_id: str
    number: int
    attempt: int
    spec: JobSpec
    configuration: Configuration
    stored: TrialResult


def request(db: Database, job_id: str, number: int) -> Replay:
    """Queue the replay of a trial that ran; a replay that waits or runs is left as it is.

    Raises JobNotFound, TrialNotFound, TrialNotFinished.
    """
    now = datetime.now(UTC)
    with db.write() as session:
        job = jobs.row(session, job_id, lock=True)
        trial = _trial(session, job, number)
        if trial.state not in REPLAYABLE:
            states = ", ".join(REPLAYABLE)
            raise TrialNotFinished(
                f"Trial {number} of job {job_id} is {trial.state}; a replay needs one of: {states}."
            )
        row = replays.find(session, job.key, number, lock=True)
        if row is None:
            row = ReplayRow(job_key=job.key, number=number)
            session.add(row)
        elif not ReplayState(row.state).final:
            return _response(job, row)
        row.state, row.attempt, row.created_at = ReplayState.QUEUED, 0, now
        row.identical = row.difference = row.error = None
        row.leased_until = row.started_at = row.finished_at = None
        notify(session)
        return _response(job, row)


def get(db: Database, job_id: str, number: int) -> Replay:
    """Return the last replay of a trial. Raises JobNotFound, TrialNotFound, ReplayNotFound."""
    with db.read() as session:
        job = jobs.row(session, job_id)
        _trial(session, job, number)
        row = replays.find(session, job.key, number)
        if row is None:
            address = f"/v1/jobs/{job_id}/trials/{number}/replay"
            raise ReplayNotFound(
                f"Trial {number} of job {job_id} was never replayed; POST {address} does it."
            )
        return _response(job, row)


def claim(db: Database) -> Claimed | None:
    """Lease the oldest replay that is queued or whose lease has expired. Return None if there is none."""
    now = datetime.now(UTC)
    with db.read() as session:  # most calls find nothing, and need not wait for SQLite's one writer
        if not replays.any_waiting(session, now):
            return None
    with db.write() as session:
        row = replays.claim(session, now)
        if row is None:
            return None
        if row.attempt >= MAX_ATTEMPTS:
            died = f"the worker that ran it died {MAX_ATTEMPTS} times, perhaps for want of memory"
            _end(row, ReplayState.FAILED, now, error=_problem(died))
            return None
        row.state, row.attempt = ReplayState.RUNNING, row.attempt + 1
        row.started_at, row.leased_until = now, now + LEASE
        return _claimed(session, row)


def release(db: Database) -> None:
    """End every lease, so that replays left by an earlier process run now; for a sole worker at its start."""
    now = datetime.now(UTC)
    with db.write() as session:
        replays.release(session, now)


def renew(db: Database, claimed: Claimed) -> bool:
    """Prolong the lease. Return False if the replay is deleted or another attempt holds the lease."""
    until = datetime.now(UTC) + LEASE
    with db.write() as session:
        return replays.change(session, claimed.job_key, claimed.number, claimed.attempt, leased_until=until)


def succeed(db: Database, claimed: Claimed, difference: ReplayDifference | None) -> None:
    """Store how the replay compares with the trial: `difference` is None if they are identical."""
    _store(
        db,
        claimed,
        state=ReplayState.SUCCEEDED,
        identical=difference is None,
        difference=None if difference is None else difference.model_dump(mode="json"),
    )


def fail(db: Database, claimed: Claimed, detail: str) -> None:
    """Store why the replay has no result to compare."""
    _store(db, claimed, state=ReplayState.FAILED, error=_problem(detail))


def _store(db: Database, claimed: Claimed, **columns: object) -> None:
    with db.write() as session:
        now = datetime.now(UTC)
        replays.change(session, claimed.job_key, claimed.number, claimed.attempt, finished_at=now, **columns)


def _end(row: ReplayRow, state: ReplayState, now: datetime, error: dict[str, object]) -> None:
    row.state, row.error, row.finished_at = state, error, now


def _problem(detail: str) -> dict[str, object]:
    problem = Problem(
        type=f"/problems/{AppError.slug}", title=AppError.title, status=AppError.status, detail=detail
    )
    return problem.model_dump(mode="json")


def _trial(session: Session, job: JobRow, number: int) -> TrialRow:
    row = trials.find(session, job.key, number) if 0 <= number <= MAX_NUMBER else None
    if row is None:
        raise TrialNotFound(f"Job {job.id} has no trial {number}; GET /v1/jobs/{job.id}/trials lists them.")
    return row


def _claimed(session: Session, row: ReplayRow) -> Claimed:
    job, trial = session.get_one(JobRow, row.job_key), trials.find(session, row.job_key, row.number)
    assert trial is not None  # trials are deleted only together with the job and its replays
    stored = TrialResult(
        number=row.number,
        state=TrialState(trial.state),
        value=trial.value,
        values=(),
        metrics=trial.metrics or {},
        steps_done=trial.steps_done,
        rungs=tuple((step, value) for step, value in trial.rungs or ()),
        reason=trial.reason,
        trajectory=trials.trajectory(session, row.job_key, row.number),
        engine_s=0.0,
    )
    spec = JobSpec.model_validate(job.spec)
    configuration = trial_rows.configuration_of(trial)
    return Claimed(row.job_key, job.id, row.number, row.attempt, spec, configuration, stored)


def _response(job: JobRow, row: ReplayRow) -> Replay:
    return Replay(
        job_id=job.id,
        number=row.number,
        state=ReplayState(row.state),
        identical=row.identical,
        difference=None if row.difference is None else ReplayDifference.model_validate(row.difference),
        error=None if row.error is None else Problem.model_validate(row.error),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
