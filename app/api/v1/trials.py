"""Trials and their trajectories."""

from __future__ import annotations

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.content_negotiation import prefers_csv
from app.api.http.dependencies import DEFAULT_LIMIT, Db, JobId, Limit, PageToken, TrialNumber
from app.domain.states import TrialState
from app.errors import InvalidPageToken, InvalidRequest, JobNotFound, TrajectoryNotFound, TrialNotFound
from app.services import trials
from app.services.trials import Order
from app.spec.resources.answers import Items, NumberedTrajectory, Page, Trajectory, Trial

MAX_POINTS = 10_000  # rows of a trajectory in one answer
MAX_TOP = 100  # trials in one answer

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["trials"], route_class=ApiRoute)


@router.get(
    "/trials",
    operation_id="list_trials",
    summary="List the trials of a job",
    response_description="A page of trials.",
    responses=documented(JobNotFound, InvalidRequest, InvalidPageToken),
)
def list_trials(
    db: Db,
    job_id: JobId,
    state: Annotated[TrialState | None, Query(description="only trials in this state")] = None,
    order_by: Annotated[
        Order, Query(description="`number`, or `value`: the best first, trials without a value last")
    ] = "number",
    limit: Limit = DEFAULT_LIMIT,
    page_token: PageToken = None,
) -> Page[Trial]:
    """Return the configurations that were tried, and their results. `order_by=value&limit=1` is the best."""
    return trials.list_trials(db, job_id, state=state, order_by=order_by, limit=limit, page_token=page_token)


@router.get(
    "/trials/{number}",
    operation_id="get_trial",
    summary="Get a trial",
    response_description="The trial.",
    responses=documented(JobNotFound, TrialNotFound),
)
def get_trial(db: Db, job_id: JobId, number: TrialNumber) -> Trial:
    """Return one configuration and its result."""
    return trials.get(db, job_id, number)


@router.get(
    "/trials/{number}/trajectory",
    operation_id="get_trajectory",
    summary="Get the trajectory of a trial",
    response_model=Trajectory,
    response_description="Columns of equal length, as JSON or CSV.",
    responses={
        200: {
            "content": {
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "step,loss,validation_loss,learning_rate,gradient_norm,gradient_norm_l1\r\n",
                }
            }
        },
        **documented(JobNotFound, TrialNotFound, TrajectoryNotFound, InvalidRequest),
    },
)
def get_trajectory(
    db: Db,
    job_id: JobId,
    number: TrialNumber,
    response: Response,
    points: Annotated[
        int | None,
        Query(
            description="largest number of rows; extreme values are kept. By default all rows",
            ge=2,
            le=MAX_POINTS,
        ),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Trajectory | Response:
    """Return the trajectory of a trial: losses, learning rates and gradient norms.

    Row k is the state before update k. The last row is the state after the last update and has no learning
    rate. `Accept: text/csv` returns a table with a column for each array; the parameters are in the columns
    `parameters_0`, `parameters_1` and so on.
    """
    trajectory = trials.trajectory(db, job_id, number, points)
    if prefers_csv(accept):
        return Response(_table(trajectory), media_type="text/csv", headers={"Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return trajectory


@router.get(
    "/trajectories",
    operation_id="list_trajectories",
    summary="List the trajectories of the best trials",
    response_description="The trajectories, ordered by the values of their trials, the best first.",
    responses=documented(JobNotFound, InvalidRequest),
)
def list_trajectories(
    db: Db,
    job_id: JobId,
    top: Annotated[int, Query(description="number of trials, from the best one", ge=1, le=MAX_TOP)] = 20,
    points: Annotated[
        int,
        Query(
            description="largest number of rows of each trajectory; extreme values are kept",
            ge=2,
            le=MAX_POINTS,
        ),
    ] = 200,
) -> Items[NumberedTrajectory]:
    """Return the trajectories of the completed trials with the best values, for a plot."""
    return Items(items=trials.trajectories(db, job_id, top, points))


def _table(trajectory: Trajectory) -> str:
    """Return the trajectory as CSV (RFC 4180); null is an empty field."""
    columns = trajectory.model_dump(exclude={"parameters"})
    width = len(trajectory.parameters[0]) if trajectory.parameters else 0
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*columns, *(f"parameters_{i}" for i in range(width))])
    parameters = trajectory.parameters or [[]] * len(trajectory.step)
    for *row, point in zip(*columns.values(), parameters, strict=True):
        writer.writerow([*row, *point])
    return file.getvalue()
