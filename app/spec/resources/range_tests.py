"""The requests and answers of learning-rate range tests."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from annotated_types import Gt
from pydantic import FailFast, Field, Strict, ValidationError, field_validator, model_validator

from app.domain.states import JobState
from app.engine.optimizers import OPTIMIZERS
from app.spec.base import Answer, Wire, invalid
from app.spec.job import BatchSize, BatchSizeChoices, Count, JobSpec
from app.spec.kinds import KindWire, fixed_model, union_of
from app.spec.objective import ObjectiveSpec
from app.spec.resources.answers import Problem
from app.spec.values import StrictFloat

LEAST_STEPS = 20
MOST_STEPS = 1_000  # so many are recorded whole
MAX_POINTS = 10_000
LEAST_RATE = 1e-12  # no single precision sees a smaller one; among denormals high / low overflows

if TYPE_CHECKING:
    OptimizerSpec: TypeAlias = KindWire
else:
    OptimizerSpec = Annotated[
        union_of(fixed_model(cls, "Optimizer") for cls in OPTIMIZERS.values()), Field(discriminator="kind")
    ]


class RangeTestSpec(Wire):
    """A run of an objective in which the learning rate rises from `low` towards `high`."""

    objective: ObjectiveSpec = Field(description="what is minimised; nothing of it is searched")
    optimizer: OptimizerSpec = Field(description="the optimizer; its learning rate is what the test varies")
    name: str = Field(default="range-test", max_length=200, description="a name to find the job by")
    low: StrictFloat = Field(default=1e-7, ge=LEAST_RATE, le=1e6, description="the first learning rate")
    high: StrictFloat = Field(default=10.0, ge=LEAST_RATE, le=1e6, description="where the learning rate ends")
    steps: Count = Field(
        default=100,
        ge=LEAST_STEPS,
        le=MOST_STEPS,
        description="updates; update k has low (high / low)^(k / steps)",
    )
    batch_size: BatchSize | None = Field(
        default=None, description='rows of a minibatch, or "full"; null for functions, and for the default'
    )
    replicates: Count | None = Field(
        default=None, ge=1, le=64, description="seeds whose losses are averaged; null for a job's default"
    )
    precision: Literal["float32", "float64"] | None = Field(
        default=None, description="null: float64 for functions, float32 for models"
    )
    seed: Count = Field(default=0, ge=0, lt=2**53, description="equal spec and seed give an equal curve")
    priority: Count = Field(default=0, ge=-1000, le=1000, description="a higher one runs first")

    @model_validator(mode="after")
    def _check(self) -> RangeTestSpec:
        if self.low >= self.high:
            raise invalid(f"must be < high, which is {self.high:g}, got {self.low:g}", "low")
        if "learning_rate" in self.optimizer.model_fields_set:
            raise invalid("is what the test varies; drop it and set low and high", "optimizer/learning_rate")
        try:
            self.job((1.0,))
        except ValidationError as error:
            raise _at_home(error) from None
        return self

    def job(self, factors: tuple[float, ...]) -> JobSpec:
        """The job of one trial that runs the test. factors: of `high`, for each update."""
        optimizer = self.optimizer.model_dump() | {"learning_rate": self.high}
        body: dict[str, Any] = {
            "name": self.name,
            "objective": self.objective.model_dump(),
            "search_space": {
                "optimizers": [optimizer],
                "schedules": [{"kind": "table", "factors": factors}],
                "batch_size": self.batch_size,
            },
            "budget": {"trials": 1, "steps": self.steps},
            "confirmation": None,
            "sampler": {"kind": "random"},
            "pruner": {"kind": "none"},
            "precision": self.precision,
            "seed": self.seed,
            "priority": self.priority,
        }
        if self.replicates is not None:
            body["replicates"] = self.replicates
        spec = JobSpec.model_validate(body)
        sizes = spec.search_space.batch_size
        if not isinstance(sizes, BatchSizeChoices):
            return spec
        space = spec.search_space.model_copy(update={"batch_size": sizes.choices[0]})
        return spec.model_copy(update={"search_space": space})


def _at_home(error: ValidationError) -> Exception:
    """A fault that the job's spec found, under the name that its field has in the range test."""
    first = error.errors()[0]
    at = str(first.get("ctx", {}).get("at") or "/".join(map(str, first["loc"])))
    for theirs, ours in (
        ("search_space/optimizers/0", "optimizer"),
        ("search_space/batch_size", "batch_size"),
    ):
        if at.startswith(theirs):
            at = ours + at.removeprefix(theirs)
    return invalid(first["msg"], at)


class RangeTestCurve(Wire):
    """The learning rates and losses of the client's own range test."""

    learning_rates: Annotated[tuple[Annotated[float, Strict(), Gt(0)], ...], FailFast()] = Field(
        min_length=LEAST_STEPS, max_length=MAX_POINTS, description="of each update, rising"
    )
    losses: Annotated[tuple[Annotated[float, Strict()] | None, ...], FailFast()] = Field(
        min_length=LEAST_STEPS,
        max_length=MAX_POINTS,
        description="what each update saw, before it was made; null where it was not finite",
    )
    smoothing: StrictFloat = Field(
        default=0.98, ge=0, lt=1, description="weight of the past in the running mean; 0 for none"
    )

    @field_validator("learning_rates")
    @classmethod
    def _rising(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        for i in range(1, len(rates)):
            if rates[i] <= rates[i - 1]:
                raise invalid(f"must be > {rates[i - 1]:g}, the one before, got {rates[i]:g}", str(i))
        return rates

    @model_validator(mode="after")
    def _equally_long(self) -> RangeTestCurve:
        rates, losses = len(self.learning_rates), len(self.losses)
        if rates != losses:
            raise invalid(f"must have as many entries as learning_rates, {rates}, got {losses}", "losses")
        return self


class RangeSuggestions(Answer):
    """Learning rates that the curve suggests; null where it does not tell."""

    valley: float | None = Field(description="in the middle of the longest fall: a good first choice")
    slide: float | None = Field(description="before the slope changes, seen from the end; steep losses only")
    steepest: float | None = Field(description="where the loss falls fastest")
    minimum_over_10: float | None = Field(description="a tenth of the rate with the lowest loss")


class RangeSpread(Answer):
    """How far noise moves a suggestion: its 10 % and 90 % quantile over curves with the noise drawn anew."""

    low: float
    high: float


class RangeSpreads(Answer):
    """The spread of each suggestion; null where the curve does not tell."""

    valley: RangeSpread | None
    slide: RangeSpread | None
    steepest: RangeSpread | None
    minimum_over_10: RangeSpread | None


class RangeTestEnd(Answer):
    """The last update that counts, and why none after it does."""

    reason: Literal["last_update", "loss_rose", "not_finite", "run_stopped"] = Field(
        description="`last_update`: all count; `loss_rose`: the smoothed loss rose above four times its "
        "lowest; `not_finite`: the next loss is not finite; `run_stopped`: the run diverged and has no more"
    )
    update: int | None = Field(description="counted from 0; null where none counts")
    learning_rate: float | None = Field(description="of that update")
    detail: str = Field(description="the reason in a sentence, with its figures")


class RangeTestAnalysis(Answer):
    """What a range test says."""

    suggestions: RangeSuggestions
    spread: RangeSpreads | None = Field(
        default=None,  # a test that was stored before there was one has none
        description="how far noise moves each suggestion, by a bootstrap of the curve",
    )
    ended: RangeTestEnd | None = Field(
        default=None,  # likewise
        description="where the test ended, and why",
    )
    smoothed_loss: list[float] = Field(description="of each update up to where the test diverged")
    diverged: bool = Field(description="whether the loss left its lowest value far below, or was not finite")
    warnings: list[str]


class RangeTestResult(RangeTestAnalysis):
    """The curve of a range test, and what it says."""

    learning_rate: list[float] = Field(description="of each update that was made")
    loss: list[float | None] = Field(description="what each update saw, as a mean over the replicates")


class RangeTest(Answer):
    """A range test: a job of one trial."""

    id: str = Field(description="also that of the job: its events, cancel, pause, resume and deletion")
    name: str
    state: JobState
    reason: str | None = Field(description="why it stopped, or null")
    spec: dict[str, Any] = Field(description="the range test as posted, with every default filled in")
    result: RangeTestResult | None = Field(description="null until the job has succeeded")
    error: Problem | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
