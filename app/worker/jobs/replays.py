"""Replays of trials, which a worker runs one after another beside its jobs."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.services import replays
from app.services.job_runs import Interrupted
from app.services.replays import Claimed
from app.tuning.evaluation.replay import first_difference, replay_shard
from app.worker.pool.protocols import JobPriority, ShardLost, ShardPool

logger = logging.getLogger(__name__)

RENEW_S = 5.0  # seconds between renewals of a lease of 30 s


class Replays:
    """The replays of one worker; `look` starts a thread if a replay waits and no thread runs."""

    def __init__(self, db: Database, pool: ShardPool) -> None:
        self._db = db
        self._pool = pool
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Lease a replay that waits, if any, and return at once."""
        if self._thread is not None and self._thread.is_alive():
            return
        claimed = replays.claim(self._db)
        if claimed is not None:
            self._thread = threading.Thread(target=self._work, args=(claimed,), name="replays", daemon=True)
            self._thread.start()

    def run(self, claimed: Claimed) -> None:
        """Run one replay and store how it compares; store nothing if the lease is lost meanwhile."""
        stored = claimed.stored
        shard = replay_shard(
            claimed.spec, claimed.number, claimed.configuration, stored.state, stored.steps_done
        )
        job = JobPriority(f"{claimed.job_id}/trials/{claimed.number}/replay", claimed.spec.priority)
        try:
            ((_, outcome),) = self._pool.run(job, [shard], _Lease(self._db, claimed).holds)
            if isinstance(outcome, ShardLost):
                raise outcome
            replays.succeed(self._db, claimed, first_difference(stored, outcome[0]))
        except Interrupted:
            logger.info("replay of trial %d of job %s: stopped", claimed.number, claimed.job_id)
        except ShardLost as error:
            replays.fail(self._db, claimed, str(error))
        except SQLAlchemyError as error:  # the lease expires, and the replay runs again
            logger.error("replay of trial %d of job %s: %s", claimed.number, claimed.job_id, error)
        except Exception as error:
            logger.exception("replay of trial %d of job %s: failed", claimed.number, claimed.job_id)
            replays.fail(self._db, claimed, f"{type(error).__name__}: {error}; the worker's log has more.")

    def _work(self, first: Claimed) -> None:
        claimed: Claimed | None = first
        try:
            while claimed is not None:
                self.run(claimed)
                claimed = replays.claim(self._db)
        except SQLAlchemyError as error:  # the worker polls again
            logger.error("replays: the database does not answer: %s", error)


class _Lease:
    """The lease of a replay, renewed every RENEW_S."""

    def __init__(self, db: Database, claimed: Claimed) -> None:
        self._db = db
        self._claimed = claimed
        self._renew_at = time.monotonic() + RENEW_S

    def holds(self) -> bool:
        """Return whether this worker still holds the lease; renew the lease if that is due."""
        if time.monotonic() < self._renew_at:
            return True
        self._renew_at = time.monotonic() + RENEW_S
        return replays.renew(self._db, self._claimed)
