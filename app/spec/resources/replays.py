"""The answer of a replay: a trial that was run again."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.spec.base import Answer
from app.spec.resources.answers import Problem


class ReplayState(StrEnum):
    """Where a replay stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether nothing follows, unless it is asked for again."""
        return self in (ReplayState.SUCCEEDED, ReplayState.FAILED)


class ReplayDifference(Answer):
    """The first thing that did not come out the same."""

    field: str = Field(
        description="a column of the trajectory, such as `loss`; or `state`, `steps_done`, `rungs`, `value` "
        "or `metrics`"
    )
    step: int | None = Field(description="the step of the trajectory's row; null elsewhere")
    stored: str | None = Field(description="what the trial gave, in full; null where there is no number")
    replayed: str | None = Field(description="what its replay gave, in full")


class Replay(Answer):
    """A trial, run again from its seed."""

    job_id: str
    number: int
    state: ReplayState
    identical: bool | None = Field(
        description="whether every bit of the trajectory and of the result came out the same; null until then"
    )
    difference: ReplayDifference | None = Field(description="the first difference, or null")
    error: Problem | None = Field(description="why it failed, or null")
    created_at: datetime = Field(description="when it was asked for")
    started_at: datetime | None
    finished_at: datetime | None
