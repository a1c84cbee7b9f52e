"""Shards of a batch that is too wide for one worker, offered to all; each is leased, like a replay.

An offer is taken under an attempt that counts up. Only the last attempt delivers, so that a worker whose
lease ran out, frozen or slow, changes nothing any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.db import Database
from app.db.notifications import ring
from app.db.queries import shard_leases, workers
from app.domain.records import TrialResult
from app.services.health import WORKER_SILENCE
from app.services.job_runs import running
from app.spec.job import JobSpec
from app.tuning.evaluation import shard_codec
from app.tuning.evaluation.shards import Shard

LEASE = timedelta(seconds=15)


@dataclass(frozen=True)
class Taken:
    """An offer that this worker has leased."""

    batch: str
    place: int
    attempt: int
    job_id: str
    run: int
    priority: int
    shard: Shard


@dataclass(frozen=True)
class Delivered:
    """What another worker made of an offer: its results, or why nobody could evaluate it."""

    place: int
    results: list[TrialResult]
    lost: str | None


def others_live(db: Database) -> bool:
    """Whether more than one worker has been heard of lately."""
    with db.read() as session:
        return workers.seen_since(session, datetime.now(UTC) - WORKER_SILENCE) > 1


def new_batch() -> str:
    """An id that no other batch has."""
    return secrets.token_hex(12)


def offer(db: Database, job_id: str, run: int, batch: str, shards: Mapping[int, Shard]) -> None:
    """Stores shards, by their places in the batch, for whoever has room, and calls the workers.

    A job has one batch at a time: what else it has on offer was left by an earlier try. Raises Interrupted.
    """
    encoded = {place: shard_codec.encode_shard(shard) for place, shard in shards.items()}
    with running(db, job_id, run) as (session, row):
        shard_leases.remove_others(session, row.key, batch)
        common = {"batch": batch, "job_key": row.key, "run": run, "attempt": 0, "state": "offered"}
        shard_leases.add(
            session, [common | {"place": place, "shard": data} for place, data in encoded.items()]
        )
        ring(session)


def take(db: Database, batch: str | None = None) -> Taken | None:
    """Leases the next offer, of that batch or of any job; None where nothing waits."""
    now = datetime.now(UTC)
    with db.write() as session:
        found = shard_leases.take(session, now, batch)
        if found is None:
            return None
        row, job = found
        row.state, row.leased_until, row.attempt = "taken", now + LEASE, row.attempt + 1
        shard = shard_codec.decode_shard(row.shard, JobSpec.model_validate(job.spec))
        return Taken(row.batch, row.place, row.attempt, job.id, row.run, job.priority, shard)


def renew(db: Database, taken: Taken) -> bool:
    """Prolongs the lease; whether it was still held and the batch is still wanted."""
    with db.write() as session:
        until = datetime.now(UTC) + LEASE
        return shard_leases.change(session, taken.batch, taken.place, taken.attempt, leased_until=until)


def deliver(db: Database, taken: Taken, results: Sequence[TrialResult], lost: str | None = None) -> bool:
    """Stores what an offer gave; whether it was still wanted."""
    data = shard_codec.encode_results(results)
    with db.write() as session:
        return shard_leases.change(
            session, taken.batch, taken.place, taken.attempt, state="done", results=data, lost=lost
        )


def collect(db: Database, batch: str) -> list[Delivered]:
    """What others have delivered of a batch; each once."""
    with db.read() as session:  # most looks find nothing
        found = shard_leases.delivered(session, batch)
    if found:
        with db.write() as session:
            shard_leases.collect(session, batch, [place for place, _, _ in found])
    return [Delivered(place, shard_codec.decode_results(data or b"[]"), lost) for place, data, lost in found]


def drop(db: Database, taken: Taken) -> None:
    """Takes back an offer that the batch's own worker has evaluated: its results need no store."""
    with db.write() as session:
        shard_leases.collect(session, taken.batch, [taken.place])


def withdraw(db: Database, batch: str) -> None:
    """Ends a batch; who still works on a part of it stops."""
    with db.write() as session:
        shard_leases.remove(session, batch)
