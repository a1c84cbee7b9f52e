"""The request and the answer of the refinement of a schedule."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge
from pydantic import FailFast, Field, Strict, field_validator, model_validator

from app.engine.optimizers import OPTIMIZERS
from app.spec.base import Answer, Wire, invalid
from app.spec.hints import meant
from app.spec.values import StrictFloat

MAX_NORMS = 1_000_000  # gradient norms in one request
MAX_REFINED_STEPS = 1_000_000  # updates of the next run

NormName = Literal["l1", "l2"]


class ScheduleRefinement(Wire):
    """The gradient norms of a finished run, from which the schedule of the next run is computed."""

    gradient_norms: Annotated[tuple[Annotated[float, Strict(), Ge(0)], ...], FailFast()] = Field(
        min_length=1,
        max_length=MAX_NORMS,
        description="the norm of the gradient of each update, in order, before clipping. For a run that is "
        "too "
        "long for one request: the norm of every n-th update, and `total_steps`",
    )
    optimizer: str | None = Field(
        default=None,
        description="kind of the optimizer of the run, which decides whether the norms are l1 (for "
        "optimizers "
        "that normalise the gradient, such as Adam) or l2 (for the others)",
        json_schema_extra={"enum": [*OPTIMIZERS, None]},
    )
    norm: NormName | None = Field(
        default=None, description="the kind of the norms; give this or `optimizer`, not both"
    )
    smoothing: StrictFloat = Field(
        default=0.1,
        ge=0,
        le=1,
        description="width of the median filter, as a fraction of the run; 0 for no filter",
    )
    total_steps: Annotated[int, Strict()] | None = Field(
        default=None,
        ge=1,
        le=MAX_REFINED_STEPS,
        description="number of updates of the next run; null for the number of norms",
    )
    learning_rate: StrictFloat = Field(
        default=1.0, gt=0, le=1e6, description="the peak of the next run; 1 returns the factors"
    )

    @field_validator("optimizer")
    @classmethod
    def _known(cls, kind: str | None) -> str | None:
        if kind is not None and kind not in OPTIMIZERS:
            hint, known = meant(kind, OPTIMIZERS), ", ".join(OPTIMIZERS)
            raise invalid(
                f"{kind!r} is not a known optimizer{hint}; choose one of: {known}; or leave it out and set "
                f"norm"
            )
        return kind

    @model_validator(mode="after")
    def _optimizer_or_norm(self) -> ScheduleRefinement:
        if self.optimizer is None and self.norm is None:
            raise invalid(
                'is required; give the kind of the optimizer, or set norm to "l1" or "l2"', "optimizer"
            )
        if self.optimizer is not None and self.norm is not None:
            raise invalid("follows from the optimizer; drop norm or optimizer", "norm")
        return self


class RefinedSchedule(Answer):
    """The schedule for the next run of the same training."""

    schedule: dict[str, Any] = Field(
        description="a `table` schedule with at most 1,000 factors of the peak, in the form that a job takes"
    )
    norm: NormName = Field(description="the kind of the norms from which the schedule was computed")
    total_steps: int
    learning_rate: list[float] = Field(description="the learning rate of every update")
