"""The tables. A job's public id is opaque; the other tables refer to its `key`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

NOT_ENQUEUED = "enqueued_run < run AND state IN ('queued', 'running')"
REPLAY_WAITS = "state IN ('queued', 'running')"
DEFAULT_TENANT = "default"  # the only tenant: API keys do not distinguish tenants

Json = JSON(none_as_null=True)  # not JSONB, which loses the order of keys; no query searches inside
BigKey = BigInteger().with_variant(Integer(), "sqlite")  # SQLite increments INTEGER keys only


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, UTC. SQLite stores no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a time to UTC. Raises ValueError for a time without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a time needs its zone, got {value!r}; use datetime.now(UTC)")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the zone that SQLite did not store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base class of the tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json}  # noqa: RUF012 (SQLAlchemy's form)


class JobRow(Base):
    """A job: its spec, its state and its progress. Counters are absolute values."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_key", "state", "key"),
        Index("ix_jobs_name_key", "name", "key"),
        Index("uq_jobs_tenant_idempotency_key", "tenant", "idempotency_key", unique=True),
        Index(
            "ix_jobs_outbox",
            "key",
            sqlite_where=text(NOT_ENQUEUED),
            postgresql_where=text(NOT_ENQUEUED),
        ),
    )

    key: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    tenant: Mapped[str] = mapped_column(String(40), default=DEFAULT_TENANT, server_default=DEFAULT_TENANT)
    # The client's name for this submission. Deleting the job frees the key.
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    spec: Mapped[dict[str, Any]]
    estimate: Mapped[dict[str, Any] | None] = mapped_column(Json)  # null for jobs of earlier versions
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    priority: Mapped[int] = mapped_column(Integer)
    # The number of the present run: 1, and one more for each resume or takeover. Each run has a workflow.
    run: Mapped[int] = mapped_column(Integer, default=1)
    enqueued_run: Mapped[int] = mapped_column(Integer, default=0)
    trials_total: Mapped[int] = mapped_column(Integer)
    trials_completed: Mapped[int] = mapped_column(Integer, default=0)
    trials_pruned: Mapped[int] = mapped_column(Integer, default=0)
    trials_diverged: Mapped[int] = mapped_column(Integer, default=0)
    trials_failed: Mapped[int] = mapped_column(Integer, default=0)
    trials_running: Mapped[int] = mapped_column(Integer, default=0)
    stage: Mapped[str | None] = mapped_column(String(40))  # null before the start and after the end
    fraction: Mapped[float] = mapped_column(default=0.0)
    eta_s: Mapped[float | None]  # as estimated when the fraction was stored
    # Seconds spent running before `running_since`, which is null unless the job runs: pauses do not count.
    running_s: Mapped[float] = mapped_column(default=0.0)
    running_since: Mapped[datetime | None]
    best_number: Mapped[int | None] = mapped_column(Integer)
    best_value: Mapped[float | None]
    last_event: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class TrialRow(Base):
    """A trial of a job. The row and its result are each written once, by (job, number)."""

    __tablename__ = "trials"
    __table_args__ = (
        Index("ix_trials_job_key_state_value_number", "job_key", "state", "value", "number"),
        Index("ix_trials_job_key_value_number", "job_key", "value", "number"),
        Index("ix_trials_job_key_state_number", "job_key", "state", "number"),
        {"sqlite_with_rowid": False},
    )

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    round: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    value: Mapped[float | None]
    optimizer: Mapped[dict[str, Any]]
    schedule: Mapped[dict[str, Any]]
    params: Mapped[dict[str, Any]]
    batch_size: Mapped[Any] = mapped_column(Json, nullable=True)  # an integer, "full" or null
    # The searched settings of the objective; null in rows older than this column.
    settings: Mapped[dict[str, Any] | None] = mapped_column(Json)
    seed: Mapped[int] = mapped_column(BigInteger)
    steps_done: Mapped[int] = mapped_column(Integer, default=0)
    metrics: Mapped[dict[str, Any] | None] = mapped_column(Json)
    rungs: Mapped[Any] = mapped_column(Json, nullable=True)  # [[step, value], ...]
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class TrajectoryRow(Base):
    """A trial's trajectory, one binary value, in its own table so that pages of trials stay short."""

    __tablename__ = "trajectories"

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class RaceResultRow(Base):
    """The result of an evaluation request, one binary value; `digest` identifies the request."""

    __tablename__ = "heats"

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class WarmStartRow(Base):
    """The trials of other jobs that a job learns from, copied at its submission, one binary value."""

    __tablename__ = "warm_starts"

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class RecommendationRow(Base):
    """The recommendation of a job."""

    __tablename__ = "recommendations"

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class RangeTestRow(Base):
    """The posted spec and the result of a range test; a job with such a row is a range test."""

    __tablename__ = "range_tests"

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    spec: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)


class ReplayRow(Base):
    """The last requested replay of a trial."""

    __tablename__ = "replays"
    __table_args__ = (
        Index(
            "ix_replays_waiting",
            "created_at",
            sqlite_where=text(REPLAY_WAITS),
            postgresql_where=text(REPLAY_WAITS),
        ),
    )

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(Integer)  # only the last attempt stores anything
    leased_until: Mapped[datetime | None]
    identical: Mapped[bool | None]
    difference: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ShardLeaseRow(Base):
    """A shard of a batch that is too wide for one worker: any worker may lease it. Deleted with its batch."""

    __tablename__ = "offers"
    __table_args__ = (Index("ix_offers_job_key", "job_key"),)

    batch: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"))
    run: Mapped[int] = mapped_column(Integer)
    attempt: Mapped[int] = mapped_column(Integer)  # only the last attempt delivers anything
    state: Mapped[str] = mapped_column(String(16))  # offered, taken or done
    leased_until: Mapped[datetime | None]
    shard: Mapped[bytes] = mapped_column(LargeBinary)
    results: Mapped[bytes | None] = mapped_column(LargeBinary)
    lost: Mapped[str | None] = mapped_column(Text)  # why no worker could evaluate it


class EventRow(Base):
    """An event of a job, unique by (job, kind, name), so that a repeated step adds nothing."""

    __tablename__ = "events"
    __table_args__ = (Index("uq_events_job_key_kind_name", "job_key", "kind", "name", unique=True),)

    job_key: Mapped[int] = mapped_column(BigKey, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(40))
    # The body at that time; null if the resource no longer changes and is read when the event is sent.
    data: Mapped[Any] = mapped_column(Json, nullable=True)
    created_at: Mapped[datetime]


class WorkerRow(Base):
    """A worker process and the time of its last heartbeat."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
