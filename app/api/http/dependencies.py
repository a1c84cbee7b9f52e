"""Dependencies of the endpoints: the database, the settings, and the parameters that many paths take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from app.db import Database
from app.settings import Settings

DEFAULT_LIMIT = 50  # items of a page
MAX_LIMIT = 500
MAX_IDEMPOTENCY_KEY = 255  # characters
VISIBLE_ASCII = "^[!-~]+$"


# Both are async: FastAPI would run a plain function in a thread, which costs more than the function itself.
async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Db = Annotated[Database, Depends(_database)]
Config = Annotated[Settings, Depends(_settings)]

JobId = Annotated[str, Path(description="id of the job, as `POST /v1/jobs` returned it")]
TrialNumber = Annotated[
    int,
    Path(
        description="number of the trial; trials are numbered from 0 as they are proposed", ge=0, examples=[0]
    ),
]
Limit = Annotated[int, Query(description="largest number of items on the page", ge=1, le=MAX_LIMIT)]
PageToken = Annotated[
    str | None,
    Query(description="`next_page_token` of the previous page; keep the same filter and order for all pages"),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="a unique name for this submission, such as a UUID. A request that repeats the key and "
        "the spec returns the job of the first request, so that a client may retry after a lost answer",
        min_length=1,
        max_length=MAX_IDEMPOTENCY_KEY,
        pattern=VISIBLE_ASCII,
    ),
]
