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

PAGE = 500


@dataclass(frozen=True)
class Event:
    """One event: `data` is the JSON body that a GET of the noun gives."""

    id: int
    kind: str
    data: str


@dataclass(frozen=True)
class News:
    """What has been stored since the last look; `ended` where nothing will follow these events."""

    events: list[Event]
    ended: bool


def read(db: Database, job_id: str, after: int) -> News:
    """The next events behind the id `after`, in order, at most 500. Raises JobNotFound.

    A look at a job where nothing happened costs one row: an open stream takes four a second.
    """
    with db.read() as session:
        key, state, last = jobs.position(session, job_id)
        rows = table.after(session, key, after, PAGE) if last > after else []
        found = [Event(row.id, row.kind, json.dumps(_body(session, row), allow_nan=False)) for row in rows]
    seen = found[-1].id if found else after
    return News(found, ended=JobState(state).final and seen >= last)


def _body(session: Session, row: EventRow) -> Any:
    """What was stored with the event, or the noun itself where it no longer changes."""
    if row.data is not None:
        return row.data
    if row.kind == "recommendation":
        return table.recommendation(session, row.job_key)
    trial = trials.find(session, row.job_key, int(row.name))
    return None if trial is None else responses.trial(trial).model_dump(mode="json")
