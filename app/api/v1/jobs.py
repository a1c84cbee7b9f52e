"""Jobs: submit, list, get, cancel, pause, resume and delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import JSONResponse

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import DEFAULT_LIMIT, Config, Db, IdempotencyKey, JobId, Limit, PageToken
from app.api.http.locations import started
from app.api.v1.example_jobs import job_examples
from app.domain.states import JobState
from app.errors import (
    BodyTooLarge,
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidPageToken,
    InvalidRequest,
    JobNotFinished,
    JobNotFound,
    MalformedJson,
    QuotaExceeded,
    UnsupportedMediaType,
)
from app.services import jobs
from app.spec.job import JobSpec
from app.spec.resources.answers import Job, Page

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=ApiRoute)


@router.post(
    "",
    operation_id="submit_job",
    summary="Submit a job",
    status_code=202,
    response_model=Job,
    response_description="The queued job; `Location` is its path.",
    responses={
        **started("job"),
        **documented(
            InvalidRequest,
            MalformedJson,
            QuotaExceeded,
            IdempotencyKeyReused,
            BodyTooLarge,
            UnsupportedMediaType,
        ),
    },
)
def submit_job(
    db: Db,
    settings: Config,
    response: Response,
    spec: Annotated[JobSpec, Body(openapi_examples=job_examples())],
    idempotency_key: IdempotencyKey = None,
    # Not in the OpenAPI document: a client made from it would get a job or an estimate from each submission.
    dry_run: Annotated[bool, Query(include_in_schema=False)] = False,
) -> Job | JSONResponse:
    """Store a tuning job and queue it.

    Only `objective` is required; the defaults of the other fields give a good recommendation within a minute
    on a laptop. Follow the job by `GET /v1/jobs/{job_id}` or its events. After the job has succeeded,
    `GET /v1/jobs/{job_id}/recommendation` returns the tuned optimizer and learning-rate schedule.

    With `?dry_run=true` the answer is 200 and an `Estimate`, also of a job that exceeds this server's limits,
    and nothing is stored.
    """
    if dry_run:
        return JSONResponse(jobs.estimate(spec).model_dump(mode="json"))
    job = jobs.submit(db, settings, spec, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get(
    "",
    operation_id="list_jobs",
    summary="List the jobs",
    response_description="A page of jobs, the newest first.",
    responses=documented(InvalidRequest, InvalidPageToken),
)
def list_jobs(
    db: Db,
    state: Annotated[JobState | None, Query(description="only jobs in this state")] = None,
    name: Annotated[str | None, Query(description="only jobs with exactly this name", max_length=200)] = None,
    limit: Limit = DEFAULT_LIMIT,
    page_token: PageToken = None,
) -> Page[Job]:
    """Return the jobs, the newest first. `next_page_token` is null on the last page."""
    return jobs.list_jobs(db, state=state, name=name, limit=limit, page_token=page_token)


@router.get(
    "/{job_id}",
    operation_id="get_job",
    summary="Get a job",
    response_description="The job; its spec has every default filled in.",
    responses=documented(JobNotFound),
)
def get_job(db: Db, job_id: JobId) -> Job:
    """Return the state of a job, its progress and its best trial so far."""
    return jobs.get(db, job_id)


@router.delete(
    "/{job_id}",
    operation_id="delete_job",
    summary="Delete a job",
    status_code=204,
    response_description="The job was deleted.",
    responses=documented(JobNotFound, JobNotFinished),
)
def delete_job(db: Db, job_id: JobId) -> None:
    """Delete an ended job with its trials, trajectories, events and recommendation, irrevocably.

    The answer is a 409 until the job has ended; cancel it first.
    """
    jobs.delete(db, job_id)


@router.post(
    "/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    response_description="The cancelled job.",
    responses=documented(JobNotFound, IllegalTransition),
)
def cancel_job(db: Db, job_id: JobId) -> Job:
    """End a job for good; a running batch stops within 2 s.

    Finished trials are kept; the others fail with the reason `cancelled`. Cancelling a cancelled job has no
    effect and is no error.
    """
    return jobs.cancel(db, job_id)


@router.post(
    "/{job_id}/pause",
    operation_id="pause_job",
    summary="Pause a job",
    response_description="The paused job.",
    responses=documented(JobNotFound, IllegalTransition),
)
def pause_job(db: Db, job_id: JobId) -> Job:
    """Stop a job until it is resumed; every finished trial is kept.

    Pausing a paused job has no effect and is no error.
    """
    return jobs.pause(db, job_id)


@router.post(
    "/{job_id}/resume",
    operation_id="resume_job",
    summary="Resume a paused job",
    response_description="The job, queued again.",
    responses=documented(JobNotFound, IllegalTransition),
)
def resume_job(db: Db, job_id: JobId) -> Job:
    """Queue a paused job again; the search continues after its finished trials.

    Repeating the request has no effect and is no error.
    """
    return jobs.resume(db, job_id)
