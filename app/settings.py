"""The configuration: one frozen object, built once from STEPSIZE_* variables and options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

KIB = 1024

LogFormat = Literal["text", "json"]


class Settings(BaseSettings):
    """All settings; the environment variable of `port` is STEPSIZE_PORT."""

    model_config = SettingsConfigDict(env_prefix="STEPSIZE_", frozen=True, extra="ignore")

    host: str = Field(default="127.0.0.1", description="address that the API listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="port that the API listens on")
    database_url: str = Field(
        default="sqlite:///stepsize.db", description="SQLite file or PostgreSQL database of the jobs"
    )
    queue_database_url: str | None = Field(
        default=None, description="database of the queue; null for one beside the jobs' own"
    )
    pool_processes: int = Field(
        default=max(1, os.cpu_count() or 1), ge=1, le=1024, description="processes that evaluate batches"
    )
    concurrent_jobs: int = Field(
        default=16, ge=1, le=64, description="jobs that one worker runs at once; their batches take turns"
    )
    max_attempts: int = Field(
        default=5,
        ge=1,
        le=100,
        description="tries at a batch whose process dies or hangs; then its trials fail",
    )
    max_failed_trials: int = Field(
        default=100, ge=0, description="failed trials that one job may have; one more fails the job"
    )
    max_trials: int = Field(default=100_000, ge=1, le=100_000, description="trials that one job may ask for")
    max_steps: int = Field(
        default=10_000_000, ge=1, le=10_000_000, description="steps that one trial may make"
    )
    max_updates: int = Field(
        default=10_000_000_000, ge=1, description="updates that one job may make, its race included"
    )
    max_body_bytes: int = Field(default=1024 * KIB, ge=KIB, description="size of a request's body")
    queue_poll_s: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="seconds between queries for jobs that no notification announced",
    )
    worker_silence_s: float = Field(
        default=15.0,
        ge=1,
        le=60,
        description="seconds without a heartbeat after which others take the jobs of a worker",
    )
    worker_metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of a worker's own metrics; null for none"
    )
    worker_metrics_host: str = Field(default="127.0.0.1", description="address of a worker's own metrics")
    otlp_endpoint: str | None = Field(
        default=None, description="address that traces are sent to by OTLP; null for none"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error"
    )
    log_format: LogFormat = Field(
        default="text", description="text for people, json for one JSON object a line"
    )
    allow_open: bool = Field(
        default=False, description="permit an address other than loopback while no API key is set"
    )

    @field_validator("database_url", "queue_database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("not a database URL; one looks like sqlite:///jobs.db") from None
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError(
                f"{url.get_backend_name()} is no known database; use sqlite:/// or postgresql://"
            )
        if url.get_backend_name() == "sqlite" and not url.database:
            raise ValueError(
                "an in-memory database is gone with its process; name a file, as in sqlite:///jobs.db"
            )
        if not url.database:
            raise ValueError("the URL names no database; one looks like postgresql://user@host/stepsize")
        return value

    @property
    def database(self) -> URL:
        """The jobs' database, with the installed driver and an absolute path."""
        return _normalised(self.database_url)

    @property
    def queue_database(self) -> URL:
        """The database of DBOS: the configured one, or else one named after the jobs' database."""
        if self.queue_database_url is not None:
            return _normalised(self.queue_database_url)
        url = self.database
        if url.get_backend_name() == "sqlite":
            return url.set(database=f"{url.database}-queue")
        return url.set(database=f"{url.database}_queue")

    @property
    def embedded(self) -> bool:
        """Return whether the jobs are in a SQLite file, which only one server can use."""
        return self.database.get_backend_name() == "sqlite"


def _normalised(value: str) -> URL:
    """Return the URL with the installed driver, and for SQLite with an absolute path."""
    url = make_url(value)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    return url.set(database=str(Path(url.database or "").absolute()))
