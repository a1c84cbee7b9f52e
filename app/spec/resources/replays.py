"""The answer about a replay: a second run of a trial from its seed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.spec.base import Answer
from app.spec.resources.answers import Problem


class ReplayState(StrEnum):
    """The state of a replay."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Return whether the replay has ended; only a new request restarts it."""
        return self in (ReplayState.SUCCEEDED, ReplayState.FAILED)


class ReplayDifference(Answer):
    """The first difference between a trial and its replay."""

    field: str = Field(
        description="a column of the trajectory, such as `loss`; or `state`, `steps_done`, `rungs`, `value` "
        "or `metrics`"
    )
    step: int | None = Field(description="the step of the trajectory's row; null for other fields")
    stored: str | None = Field(
        description="the stored value of the trial, with all digits; null for no number"
    )
    replayed: str | None = Field(description="the value of the replay, with all digits; null for no number")


class Replay(Answer):
    """A replay: a second run of a trial from its seed."""

    job_id: str
    number: int
    state: ReplayState
    identical: bool | None = Field(
        description="whether every bit of the trajectory and of the result is equal; null until the replay "
        "has "
        "succeeded"
    )
    difference: ReplayDifference | None = Field(description="the first difference; null if there is none")
    error: Problem | None = Field(description="why the replay failed; else null")
    created_at: datetime = Field(description="time of the request for the replay")
    started_at: datetime | None
    finished_at: datetime | None
