"""Replays of trials, to check that a trial can be reproduced bit for bit."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId, TrialNumber
from app.api.http.locations import started
from app.errors import JobNotFound, ReplayNotFound, TrialNotFinished, TrialNotFound
from app.services import replays
from app.spec.resources.replays import Replay

router = APIRouter(prefix="/v1/jobs/{job_id}/trials/{number}/replay", tags=["trials"], route_class=ApiRoute)


@router.post(
    "",
    operation_id="replay_trial",
    summary="Replay a trial",
    status_code=202,
    response_description="The queued replay; `Location` is its path.",
    responses={
        **started("replay"),
        **documented(JobNotFound, TrialNotFound, TrialNotFinished),
    },
)
def replay_trial(db: Db, job_id: JobId, number: TrialNumber, response: Response) -> Replay:
    """Queue a replay of the trial: a worker runs the trial alone, from its seed.

    The worker compares every bit of the trajectory and of the result with the stored ones; the trial itself
    does not change. The replay of a pruned trial stops at the same step. A trial has one replay: repeating
    this request returns a queued or running replay, and restarts an ended one. The job may be in any state.
    """
    replay = replays.request(db, job_id, number)
    response.headers["Location"] = f"/v1/jobs/{replay.job_id}/trials/{replay.number}/replay"
    return replay


@router.get(
    "",
    operation_id="get_replay",
    summary="Get the replay of a trial",
    response_description="The replay; `identical` is null until it has succeeded.",
    responses=documented(JobNotFound, TrialNotFound, ReplayNotFound),
)
def get_replay(db: Db, job_id: JobId, number: TrialNumber) -> Replay:
    """Return whether the replay equals the trial bit for bit, and if not, the first difference.

    Another kind of processor, or another version of the server, may change the last bits.
    """
    return replays.get(db, job_id, number)
