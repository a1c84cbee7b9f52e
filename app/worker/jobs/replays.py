"""Runs replays beside the jobs, one after another."""

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
from app.worker.pool.pool import Line, Pool, ShardLost

logger = logging.getLogger(__name__)

RENEW_S = 5.0  # between renewals of a lease


class Replays:
    """The replays of one worker; `look` starts a thread for them where some wait and none runs yet."""

    def __init__(self, db: Database, pool: Pool) -> None:
        self._db = db
        self._pool = pool
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Takes up what waits, and returns at once."""
        if self._thread is not None and self._thread.is_alive():
            return
        claimed = replays.claim(self._db)
        if claimed is not None:
            self._thread = threading.Thread(target=self._work, args=(claimed,), name="replays", daemon=True)
            self._thread.start()

    def run(self, claimed: Claimed) -> None:
        """Runs one replay and stores how it compares; one that is gone meanwhile is left."""
        stored = claimed.stored
        shard = replay_shard(
            claimed.spec, claimed.number, claimed.configuration, stored.state, stored.steps_done
        )
        line = Line(f"{claimed.job_id}/trials/{claimed.number}/replay", claimed.spec.priority)
        try:
            ((_, outcome),) = self._pool.run(line, [shard], _Lease(self._db, claimed).holds)
            if isinstance(outcome, ShardLost):
                raise outcome
            replays.succeed(self._db, claimed, first_difference(stored, outcome[0]))
        except Interrupted:
            logger.info("replay of trial %d of job %s: stopped", claimed.number, claimed.job_id)
        except ShardLost as error:
            replays.fail(self._db, claimed, str(error))
        except SQLAlchemyError as error:  # the lease runs out, and it is run again
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
        except SQLAlchemyError as error:  # the worker looks again
            logger.error("replays: the database does not answer: %s", error)


class _Lease:
    """Renews the lease of a replay now and then."""

    def __init__(self, db: Database, claimed: Claimed) -> None:
        self._db = db
        self._claimed = claimed
        self._next = time.monotonic() + RENEW_S

    def holds(self) -> bool:
        """Whether the replay is still this worker's."""
        if time.monotonic() < self._next:
            return True
        self._next = time.monotonic() + RENEW_S
        return replays.renew(self._db, self._claimed)
