"""The events of a job, as the live stream sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.db import Database, trials
from app.db import events as table
from app.db.tables import EventRow
from app.services import jobs, views
from app.spec.answers import JobState

PAGE = 500


@dataclass(frozen=True)
class Event:
    """One event: `data` is the JSON body that a GET of the noun gives."""

    id: int
    kind: str
    data: str


def read(db: Database, job_id: str, after: int) -> list[Event]:
    """The next events behind the id `after`, in order, at most 500. Raises JobNotFound."""
    with db.read() as session:
        key = jobs.row(session, job_id).key
        rows = table.after(session, key, after, PAGE)
        return [Event(row.id, row.kind, json.dumps(_body(session, row), allow_nan=False)) for row in rows]


def ended(db: Database, job_id: str) -> bool:
    """Whether nothing more will happen to the job. Raises JobNotFound."""
    with db.read() as session:
        return JobState(jobs.row(session, job_id).state).final


def _body(session: Session, row: EventRow) -> Any:
    """What was stored with the event, or the noun itself where it no longer changes."""
    if row.data is not None:
        return row.data
    if row.kind == "recommendation":
        return table.recommendation(session, row.job_key)
    trial = trials.find(session, row.job_key, int(row.name))
    return None if trial is None else views.trial(trial).model_dump(mode="json")
