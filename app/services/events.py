"""The events of a job, as the live stream sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.db import Database
from app.db.queries import events as table
from app.db.queries import trials
from app.db.tables import EventRow
from app.domain.states import JobState
from app.services import jobs, responses

PAGE = 500  # events


@dataclass(frozen=True)
class Event:
    """One event of a job.

    data: the JSON body that a GET of the changed resource returns.
    """

    id: int
    kind: str
    data: str


@dataclass(frozen=True)
class News:
    """The events stored since the last read, and whether they are the last of the job."""

    events: list[Event]
    ended: bool


def read(db: Database, job_id: str, after: int) -> News:
    """Return the next events behind the id `after`, in order, at most 500. Raises JobNotFound.

    If nothing happened, a call reads one row: an open stream makes four calls a second.
    """
    with db.read() as session:
        key, state, last = jobs.position(session, job_id)
        rows = table.after(session, key, after, PAGE) if last > after else []
        batch = [Event(row.id, row.kind, json.dumps(_body(session, row), allow_nan=False)) for row in rows]
    seen = batch[-1].id if batch else after
    return News(batch, ended=JobState(state).final and seen >= last)


def _body(session: Session, row: EventRow) -> Any:
    """Return the body stored with the event, or the resource itself if it no longer changes."""
    if row.data is not None:
        return row.data
    if row.kind == "recommendation":
        return table.recommendation(session, row.job_key)
    trial = trials.find(session, row.job_key, int(row.name))
    return None if trial is None else responses.trial(trial).model_dump(mode="json")
