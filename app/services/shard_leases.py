"""Leases of the shards of a batch that is too wide for one worker; any worker may acquire one.

Each acquisition of a shard has an attempt number, which counts up. Only the last attempt delivers: a frozen
or slow worker whose lease has expired changes nothing any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.db import Database
from app.db.notifications import notify
from app.db.queries import shard_leases, workers
from app.domain.records import TrialResult
from app.services.job_runs import running
from app.spec.job import JobSpec
from app.tuning.evaluation import shard_codec
from app.tuning.evaluation.shards import Shard

LEASE = timedelta(seconds=15)


@dataclass(frozen=True)
class ShardLease:
    """A shard that this worker has leased, and its place in the batch."""

    batch: str
    place: int
    attempt: int
    job_id: str
    run: int
    priority: int
    shard: Shard


@dataclass(frozen=True)
class DeliveredShard:
    """The results of a shard that another worker evaluated, or why no worker could evaluate it."""

    place: int
    results: list[TrialResult]
    lost: str | None


def other_workers_live(db: Database, silence_s: float) -> bool:
    """Return whether more than one worker has stored a heartbeat within the last `silence_s` seconds."""
    since = datetime.now(UTC) - timedelta(seconds=silence_s)
    with db.read() as session:
        return workers.seen_since(session, since) > 1


def new_batch() -> str:
    """Return a new id for a batch."""
    return secrets.token_hex(12)


def publish(db: Database, job_id: str, run_number: int, batch: str, shards: Mapping[int, Shard]) -> None:
    """Store shards, by their places in the batch, for any worker to lease, and notify the workers.

    A job has one batch at a time: shards of its other batches are left from an earlier attempt, and removed.
    Raises Interrupted.
    """
    encoded = {place: shard_codec.encode_shard(shard) for place, shard in shards.items()}
    with running(db, job_id, run_number) as (session, row):
        shard_leases.remove_others(session, row.key, batch)
        common = {"batch": batch, "job_key": row.key, "run": run_number, "attempt": 0, "state": "offered"}
        shard_leases.add(
            session, [common | {"place": place, "shard": data} for place, data in encoded.items()]
        )
        notify(session)


def acquire(db: Database, batch: str | None = None) -> ShardLease | None:
    """Lease the next shard, of the given batch or else of any job. Return None if no shard waits."""
    now = datetime.now(UTC)
    with db.write() as session:
        waiting = shard_leases.next_waiting(session, now, batch)
        if waiting is None:
            return None
        row, job = waiting
        row.state, row.leased_until, row.attempt = "taken", now + LEASE, row.attempt + 1
        shard = shard_codec.decode_shard(row.shard, JobSpec.model_validate(job.spec))
        return ShardLease(row.batch, row.place, row.attempt, job.id, row.run, job.priority, shard)


def renew(db: Database, lease: ShardLease) -> bool:
    """Prolong the lease. Return whether it was still held and the batch is still wanted."""
    with db.write() as session:
        until = datetime.now(UTC) + LEASE
        return shard_leases.change(session, lease.batch, lease.place, lease.attempt, leased_until=until)


def deliver(db: Database, lease: ShardLease, results: Sequence[TrialResult], lost: str | None = None) -> bool:
    """Store the results of a leased shard. Return whether they were still wanted.

    lost: why no process could evaluate the shard.
    """
    data = shard_codec.encode_results(results)
    with db.write() as session:
        return shard_leases.change(
            session, lease.batch, lease.place, lease.attempt, state="done", results=data, lost=lost
        )


def collect(db: Database, batch: str) -> list[DeliveredShard]:
    """Return the shards of a batch that other workers have delivered, each shard once."""
    with db.read() as session:  # most calls find nothing
        delivered = shard_leases.delivered(session, batch)
    if delivered:
        with db.write() as session:
            shard_leases.remove_places(session, batch, [place for place, _, _ in delivered])
    return [
        DeliveredShard(place, shard_codec.decode_results(data or b"[]"), lost)
        for place, data, lost in delivered
    ]


def drop(db: Database, lease: ShardLease) -> None:
    """Remove a shard that the batch's own worker has evaluated: its results need not be stored."""
    with db.write() as session:
        shard_leases.remove_places(session, lease.batch, [lease.place])


def withdraw(db: Database, batch: str) -> None:
    """Remove all shards of a batch; a worker that evaluates one of them stops at its next renewal."""
    with db.write() as session:
        shard_leases.remove(session, batch)
