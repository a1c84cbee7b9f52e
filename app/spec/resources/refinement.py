"""The request and the answer of a schedule's refinement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge
from pydantic import FailFast, Field, Strict, field_validator, model_validator

from app.engine.optimizers import OPTIMIZERS
from app.spec.base import Answer, Wire, invalid
from app.spec.hints import meant
from app.spec.values import StrictFloat

MAX_NORMS = 1_000_000
MAX_REFINED_STEPS = 1_000_000

NormName = Literal["l1", "l2"]


class ScheduleRefinement(Wire):
    """The gradient norms of a finished run, from which the schedule of the next one is refined."""

    gradient_norms: Annotated[tuple[Annotated[float, Strict(), Ge(0)], ...], FailFast()] = Field(
        min_length=1,
        max_length=MAX_NORMS,
        description="the norm of the gradient that each update saw, in order, before any clipping; of a run "
        "too long for one request, that of every n-th update, with `total_steps`",
    )
    optimizer: str | None = Field(
        default=None,
        description="kind of the optimizer that ran; it decides whether the norms are l1 (optimizers that "
        "normalise, as Adam does) or l2 (the others)",
        json_schema_extra={"enum": [*OPTIMIZERS, None]},
    )
    norm: NormName | None = Field(
        default=None, description="which norms these are, in place of the optimizer's kind"
    )
    smoothing: StrictFloat = Field(
        default=0.1, ge=0, le=1, description="width of the median filter, as a part of the run; 0 for none"
    )
    total_steps: Annotated[int, Strict()] | None = Field(
        default=None,
        ge=1,
        le=MAX_REFINED_STEPS,
        description="updates of the next run; null for as many as there are norms",
    )
    learning_rate: StrictFloat = Field(
        default=1.0, gt=0, le=1e6, description="the peak of the next run; 1 gives the factors"
    )

    @field_validator("optimizer")
    @classmethod
    def _known(cls, kind: str | None) -> str | None:
        if kind is not None and kind not in OPTIMIZERS:
            hint, known = meant(kind, OPTIMIZERS), ", ".join(OPTIMIZERS)
            raise invalid(
                f"{kind!r} is no optimizer here{hint}; choose one of: {known}; or leave it out and set norm"
            )
        return kind

    @model_validator(mode="after")
    def _one_of_both(self) -> ScheduleRefinement:
        if self.optimizer is None and self.norm is None:
            raise invalid('is required: the kind of the optimizer, or else norm "l1" or "l2"', "optimizer")
        if self.optimizer is not None and self.norm is not None:
            raise invalid("follows from the optimizer; drop one of the two", "norm")
        return self


class RefinedSchedule(Answer):
    """The schedule for the next run of the same training."""

    schedule: dict[str, Any] = Field(
        description="a `table` schedule of at most 1,000 factors of the peak, as a job takes it"
    )
    norm: NormName = Field(description="which norms the weights came from")
    total_steps: int
    learning_rate: list[float] = Field(description="the learning rate of every update")
