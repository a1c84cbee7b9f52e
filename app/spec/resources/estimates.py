"""The estimate of what a job costs."""

from __future__ import annotations

from pydantic import Field

from app.spec.base import Answer


class Estimate(Answer):
    """The cost of a job, estimated from its spec before the job runs."""

    operations: float = Field(description="floating point operations of all runs, search and advice")
    seconds_on_one_core: float = Field(
        description="seconds that one core of a usual server takes; expect half to twice as many"
    )
    bytes_stored: int = Field(description="bytes that the job adds to the database")
    runs: int = Field(description="trainings of `budget.steps` updates each, search and advice together")
