"""The events of a job as a live stream."""

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

POLL_S = 0.25  # pause between reads of the database; limits `progress` to four events a second
RETRY_MS = 1000  # pause before a browser that lost the stream connects again
MAX_EVENT_ID = 2**31 - 1  # largest value of the column
KINDS = ["state", "progress", "trial", "best", "recommendation"]
# OpenAPI 3.1 has no keyword for a stream; by convention the schema is that of each event.
EVENT = {
    "type": "object",
    "description": "an event of the stream",
    "properties": {
        "id": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "an integer that increases within the job",
        },
        "event": {"type": "string", "enum": KINDS, "description": "the kind of `data`"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "the JSON body that `GET` returns for that kind of resource",
        },
    },
    "required": ["id", "event", "data"],
}
EXAMPLE = {"id": "17", "event": "best", "data": '{"number": 3, "value": 0.12}'}

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=ApiRoute)


def _existing_job(db: Db, job_id: JobId) -> str:
    """Return the id of an existing job; raise JobNotFound before the stream begins."""
    jobs.get(db, job_id)
    return job_id


@router.get(
    "/{job_id}/events",
    operation_id="stream_events",
    summary="Follow a job",
    response_class=EventSourceResponse,
    response_description="Server-sent events until the job ends.",
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
            description="id of the last event that the client received; the stream continues after it",
            ge=0,
            le=MAX_EVENT_ID,
        ),
    ] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Stream the events `state`, `progress` (at most 4 a second), `trial`, `best` and `recommendation`.

    Every event has an id, which is an integer that increases within the job. Its data is the JSON body that
    `GET` returns for that kind of resource. A browser's `EventSource` reconnects by itself and continues
    after the last event. The stream ends after the final state of the job.
    """
    yield ServerSentEvent(comment="events of a job", retry=RETRY_MS)
    last_sent = last_event_id
    stopping: threading.Event = request.app.state.stopping
    try:
        while not stopping.is_set():  # at a stop the client reconnects, to another process
            news = await run_in_threadpool(events.read, db, job_id, last_sent)
            for event in news.events:
                last_sent = event.id
                yield ServerSentEvent(id=str(event.id), event=event.kind, raw_data=event.data)
            if news.ended:
                return
            if not news.events:
                await anyio.sleep(POLL_S)
    except JobNotFound:
        return  # the job was deleted meanwhile
