"""The check whether the service is ready: the database and at least one worker answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.db import Database, migrate
from app.db.queries import workers
from app.errors import NotReady
from app.settings import Settings


def check(db: Database, settings: Settings) -> None:
    """Raise NotReady if the database does not answer or no worker has a recent heartbeat."""
    silence_s = settings.worker_silence_s
    try:
        if not migrate.is_current(db):
            raise NotReady("The database's schema is not the newest; run `stepsize migrate`.")
        with db.read() as session:
            alive = workers.seen_since(session, datetime.now(UTC) - timedelta(seconds=silence_s))
    except SQLAlchemyError as error:
        raise NotReady("The database does not answer.") from error
    if not alive:
        raise NotReady(f"No worker has stored a heartbeat for {silence_s:g} s; start `stepsize worker`.")
