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

MAX_POINTS = 10_000
MAX_TOP = 100

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
        Order, Query(description="by `number`, or by `value`: the best first, those without one last")
    ] = "number",
    limit: Limit = DEFAULT_LIMIT,
    page_token: PageToken = None,
) -> Page[Trial]:
    """What was tried, and what came of it. `order_by=value&limit=1` is the best trial."""
    return trials.list_trials(db, job_id, state=state, order_by=order_by, limit=limit, page_token=page_token)


@router.get(
    "/trials/{number}",
    operation_id="get_trial",
    summary="Look at a trial",
    response_description="The trial.",
    responses=documented(JobNotFound, TrialNotFound),
)
def get_trial(db: Db, job_id: JobId, number: TrialNumber) -> Trial:
    """One configuration and its result."""
    return trials.get(db, job_id, number)


@router.get(
    "/trials/{number}/trajectory",
    operation_id="get_trajectory",
    summary="The curve of a trial",
    response_model=Trajectory,
    response_description="Equally long columns, as JSON or CSV.",
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
        Query(description="at most this many rows, which keep the extremes", ge=2, le=MAX_POINTS),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Trajectory | Response:
    """Row k is the state before update k; the last row is after the last update and has no learning rate.

    `Accept: text/csv` gives a table with a column for each array, `parameters_0` ... for the parameters.
    """
    trajectory = trials.trajectory(db, job_id, number, points)
    if prefers_csv(accept):
        return Response(_table(trajectory), media_type="text/csv", headers={"Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return trajectory


@router.get(
    "/trajectories",
    operation_id="list_trajectories",
    summary="The curves of the best trials",
    response_description="The curves, the best trial's first.",
    responses=documented(JobNotFound, InvalidRequest),
)
def list_trajectories(
    db: Db,
    job_id: JobId,
    top: Annotated[int, Query(description="how many trials, from the best one", ge=1, le=MAX_TOP)] = 20,
    points: Annotated[
        int, Query(description="at most this many rows a curve, which keep the extremes", ge=2, le=MAX_POINTS)
    ] = 200,
) -> Items[NumberedTrajectory]:
    """For a plot: the curves of the completed trials with the best values at once."""
    return Items(items=trials.trajectories(db, job_id, top, points))


def _table(trajectory: Trajectory) -> str:
    """The curve as CSV (RFC 4180); null is an empty field."""
    columns = trajectory.model_dump(exclude={"parameters"})
    width = len(trajectory.parameters[0]) if trajectory.parameters else 0
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*columns, *(f"parameters_{i}" for i in range(width))])
    parameters = trajectory.parameters or [[]] * len(trajectory.step)
    for *row, point in zip(*columns.values(), parameters, strict=True):
        writer.writerow([*row, *point])
    return file.getvalue()
