"""The live stream of a job's events."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.errors import InvalidRequest, JobNotFound
from app.services import events, jobs

POLL_S = 0.25  # progress comes at most four times a second
RETRY_MS = 1000  # after which a browser that lost the stream connects again
MAX_EVENT_ID = 2**31 - 1
KINDS = ["state", "progress", "trial", "best", "recommendation"]
# OpenAPI 3.1 has no word for a stream; this is the schema of each event, as readers and tools take it.
EVENT = {
    "type": "object",
    "description": "one event of the stream",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$", "description": "increases within the job"},
        "event": {"type": "string", "enum": KINDS, "description": "what `data` is"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "the body that `GET` gives of that noun",
        },
    },
    "required": ["id", "event", "data"],
}
EXAMPLE = {"id": "17", "event": "best", "data": '{"number": 3, "value": 0.12}'}

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=ApiRoute)


def _existing_job(db: Db, job_id: JobId) -> str:
    """The id, of a job that exists: once the stream has begun, it is too late for a 404."""
    jobs.get(db, job_id)
    return job_id


@router.get(
    "/{job_id}/events",
    operation_id="stream_events",
    summary="Follow a job",
    response_class=EventSourceResponse,
    response_description="Server-sent events, until the job has ended.",
    responses={
        200: {"content": {"text/event-stream": {"schema": EVENT, "example": EXAMPLE}}},
        **documented(JobNotFound, InvalidRequest),
    },
)
async def stream_events(
    request: Request,
    db: Db,
    job_id: Annotated[str, Depends(_existing_job)],
    last_event_id: Annotated[
        int,
        Header(
            alias="Last-Event-ID",
            description="id of the last event that was seen; the stream goes on behind it",
            ge=0,
            le=MAX_EVENT_ID,
        ),
    ] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events `state`, `progress` (at most 4 a second), `trial`, `best` and `recommendation`.

    Every event has an id, an integer that increases within the job, and as data the body that a `GET` of
    that noun gives. A browser's `EventSource` resumes by itself. The stream closes after the final state.
    """
    yield ServerSentEvent(comment="events of a job", retry=RETRY_MS)
    seen = last_event_id
    stopping: threading.Event = request.app.state.stopping
    try:
        while not stopping.is_set():  # the client connects again, to a server that lives
            news = await run_in_threadpool(events.read, db, job_id, seen)
            for event in news.events:
                seen = event.id
                yield ServerSentEvent(id=str(event.id), event=event.kind, raw_data=event.data)
            if news.ended:
                return
            if not news.events:
                await anyio.sleep(POLL_S)
    except JobNotFound:
        return  # deleted while we were following it
