"""Replays of trials."""

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
    summary="Run a trial again",
    status_code=202,
    response_description="The replay, queued; `Location` is its address.",
    responses={
        **started("replay"),
        **documented(JobNotFound, TrialNotFound, TrialNotFinished),
    },
)
def replay_trial(db: Db, job_id: JobId, number: TrialNumber, response: Response) -> Replay:
    """A worker runs the trial again from its seed, alone, and compares every bit of its trajectory and result
    with what is stored; the trial stays as it is. One that was pruned stops where it did.

    A trial has one replay: while it waits or runs this gives it again, and after its end starts it anew. The
    job may be in any state.
    """
    replay = replays.request(db, job_id, number)
    response.headers["Location"] = f"/v1/jobs/{replay.job_id}/trials/{replay.number}/replay"
    return replay


@router.get(
    "",
    operation_id="get_replay",
    summary="Look at the replay of a trial",
    response_description="The replay, and once it has succeeded whether it came out the same.",
    responses=documented(JobNotFound, TrialNotFound, ReplayNotFound),
)
def get_replay(db: Db, job_id: JobId, number: TrialNumber) -> Replay:
    """Whether the trial came out the same, bit for bit, and if not, where it first differed. Another kind of
    processor, or another version of the server, may give other last bits.
    """
    return replays.get(db, job_id, number)
