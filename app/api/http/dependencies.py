"""What the endpoints share: the database, the settings, and the parameters that return in many paths."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from app.db import Database
from app.settings import Settings

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_IDEMPOTENCY_KEY = 255
VISIBLE_ASCII = "^[!-~]+$"


# Both async: FastAPI would hand a plain function to a thread, which costs more than all it does.
async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Db = Annotated[Database, Depends(_database)]
Config = Annotated[Settings, Depends(_settings)]

JobId = Annotated[str, Path(description="the job's id, as submitting it answered")]
TrialNumber = Annotated[
    int, Path(description="the trial's number, from 0 in the order of asking", ge=0, examples=[0])
]
Limit = Annotated[int, Query(description="how many items a page holds at most", ge=1, le=MAX_LIMIT)]
PageToken = Annotated[
    str | None,
    Query(description="`next_page_token` of the page before; keep the filter and the order while paging"),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="a name for this submission, such as a UUID: repeated with an equal spec it gives "
        "the first job again, so that a request whose answer was lost can be sent once more",
        min_length=1,
        max_length=MAX_IDEMPOTENCY_KEY,
        pattern=VISIBLE_ASCII,
    ),
]
