"""Trials and their trajectories, as the contract returns them."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.orm import Session

from app.db import Database
from app.db.queries import trials as table
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.engine.trajectories.result import Trajectory as EngineTrajectory
from app.errors import TrajectoryNotFound, TrialNotFound
from app.services import jobs, paging, responses
from app.services.trajectories import answer, thin
from app.spec.resources.answers import NumberedTrajectory, Page, Trajectory, Trial

Order = Literal["number", "value"]
MAX_NUMBER = 2**31 - 1  # largest value of the column


def list_trials(
    db: Database,
    job_id: str,
    *,
    state: TrialState | None,
    order_by: Order,
    limit: int,
    page_token: str | None,
) -> Page[Trial]:
    """Return a page of a job's trials. Raises JobNotFound, InvalidPageToken."""
    belongs_to = {"list": "trials", "job": job_id, "state": state, "order_by": order_by}
    start = paging.position(belongs_to, page_token, (float | None, int))
    with db.read() as session:
        key = jobs.row(session, job_id).key
        if order_by == "number":
            after = start[1] if start else None
            rows = table.page_by_number(session, key, state=state, after=after, limit=limit + 1)
        else:
            behind = (start[0], start[1]) if start else None
            rows = table.page_by_value(session, key, state=state, after=behind, limit=limit + 1)
    next_token = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_token = paging.token(belongs_to, [last.value, last.number])
    return Page(items=[responses.trial(row) for row in rows[:limit]], next_page_token=next_token)


def get(db: Database, job_id: str, number: int) -> Trial:
    """Return a trial. Raises JobNotFound, TrialNotFound."""
    with db.read() as session:
        row = table.find(session, jobs.row(session, job_id).key, _checked_number(job_id, number))
        if row is None:
            raise _no_trial(job_id, number)
        return responses.trial(row)


def trajectory(db: Database, job_id: str, number: int, points: int | None) -> Trajectory:
    """Return the trajectory of a trial. Raises JobNotFound, TrialNotFound, TrajectoryNotFound."""
    with db.read() as session:
        data = _encoded_trajectory(session, job_id, number)
    return answer(_thinned(codec.decode(data), points))


def trajectories(db: Database, job_id: str, top: int, points: int) -> list[NumberedTrajectory]:
    """Return the trajectories of the `top` best trials, best first. Raises JobNotFound."""
    with db.read() as session:
        best = table.best_trajectories(session, jobs.row(session, job_id).key, top)
    return [
        NumberedTrajectory(number=number, trajectory=answer(_thinned(codec.decode(data), points)))
        for number, data in best
    ]


def _encoded_trajectory(session: Session, job_id: str, number: int) -> bytes:
    key = jobs.row(session, job_id).key
    data = table.trajectory(session, key, _checked_number(job_id, number))
    if data is not None:
        return data
    row = table.find(session, key, number)
    if row is None:
        raise _no_trial(job_id, number)
    raise TrajectoryNotFound(f"Trial {number} of job {job_id} is {row.state} and has no trajectory.")


def _thinned(trajectory: EngineTrajectory, points: int | None) -> EngineTrajectory:
    return trajectory if points is None else thin(trajectory, points)


def _checked_number(job_id: str, number: int) -> int:
    """Return the number if the column can hold it; raise TrialNotFound otherwise."""
    if not 0 <= number <= MAX_NUMBER:
        raise _no_trial(job_id, number)
    return number


def _no_trial(job_id: str, number: int) -> TrialNotFound:
    return TrialNotFound(f"Job {job_id} has no trial {number}; GET /v1/jobs/{job_id}/trials lists them.")
