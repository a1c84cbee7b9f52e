"""Whether the service can work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.db import Database, migrate
from app.db.queries import workers
from app.errors import NotReady
from app.settings import Settings

WORKER_SILENCE = timedelta(seconds=15)


def check(db: Database, settings: Settings) -> None:
    """Raises NotReady where the database or every worker is out of reach."""
    try:
        if not migrate.is_current(db):
            raise NotReady("The database's schema is not the newest; run `stepsize migrate`.")
        with db.read() as session:
            alive = workers.seen_since(session, datetime.now(UTC) - WORKER_SILENCE)
    except SQLAlchemyError as error:
        raise NotReady("The database does not answer.") from error
    if not alive:
        raise NotReady(
            f"No worker has been heard of for {WORKER_SILENCE.seconds} s; start `stepsize worker`."
        )
