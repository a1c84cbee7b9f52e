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

MIN_STEPS = 20
MAX_STEPS = 1_000  # longest run whose every update is recorded
MAX_POINTS = 10_000  # updates of a client's own range test
MIN_RATE = 1e-12  # a smaller rate has no effect in single precision; high / low overflows for denormals

if TYPE_CHECKING:
    OptimizerSpec: TypeAlias = KindWire
else:
    OptimizerSpec = Annotated[
        union_of(fixed_model(cls, "Optimizer") for cls in OPTIMIZERS.values()), Field(discriminator="kind")
    ]


class RangeTestSpec(Wire):
    """A range test: a run in which the learning rate rises from `low` towards `high`."""

    objective: ObjectiveSpec = Field(
        description="the function or the training that is minimised; no range and no choices"
    )
    optimizer: OptimizerSpec = Field(
        description="the optimizer, without its learning rate, which the test varies"
    )
    name: str = Field(
        default="range-test",
        max_length=200,
        description="a name of the client's choice, which `GET /v1/jobs?name=` finds",
    )
    low: StrictFloat = Field(default=1e-7, ge=MIN_RATE, le=1e6, description="the first learning rate")
    high: StrictFloat = Field(
        default=10.0, ge=MIN_RATE, le=1e6, description="the learning rate towards which the test rises"
    )
    steps: Count = Field(
        default=100,
        ge=MIN_STEPS,
        le=MAX_STEPS,
        description="number of updates; the learning rate of update k is low (high / low)^(k / steps)",
    )
    batch_size: BatchSize | None = Field(
        default=None,
        description='rows of a minibatch, or "full"; null for a function, or for the default of a job',
    )
    replicates: Count | None = Field(
        default=None,
        ge=1,
        le=64,
        description="number of seeds whose losses are averaged; null for the default of a job",
    )
    precision: Literal["float32", "float64"] | None = Field(
        default=None,
        description="precision of the arithmetic; null: float64 for functions, float32 for models",
    )
    seed: Count = Field(
        default=0,
        ge=0,
        lt=2**53,
        description="seed of all random draws; an equal spec and seed give an equal trajectory",
    )
    priority: Count = Field(
        default=0, ge=-1000, le=1000, description="queued jobs with a higher priority run first"
    )

    @model_validator(mode="after")
    def _check(self) -> RangeTestSpec:
        if self.low >= self.high:
            raise invalid(f"must be < high, which is {self.high:g}, got {self.low:g}", "low")
        if "learning_rate" in self.optimizer.model_fields_set:
            raise invalid("is varied by the test; drop it, and set low and high", "optimizer/learning_rate")
        try:
            self.job((1.0,))
        except ValidationError as error:
            raise _in_range_test(error) from None
        return self

    def job(self, factors: tuple[float, ...]) -> JobSpec:
        """Return the job of one trial that runs the test.

        factors: learning rate of each update, as a factor of `high`.
        """
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


def _in_range_test(error: ValidationError) -> Exception:
    """Return the first fault of the job's spec, with the path of its field in the range test."""
    first = error.errors()[0]
    at = str(first.get("ctx", {}).get("at") or "/".join(map(str, first["loc"])))
    for job_path, range_test_path in (
        ("search_space/optimizers/0", "optimizer"),
        ("search_space/batch_size", "batch_size"),
    ):
        if at.startswith(job_path):
            at = range_test_path + at.removeprefix(job_path)
    return invalid(first["msg"], at)


class RangeTestCurve(Wire):
    """The learning rates and losses of the client's own range test."""

    learning_rates: Annotated[tuple[Annotated[float, Strict(), Gt(0)], ...], FailFast()] = Field(
        min_length=MIN_STEPS,
        max_length=MAX_POINTS,
        description="the learning rate of each update, in rising order",
    )
    losses: Annotated[tuple[Annotated[float, Strict()] | None, ...], FailFast()] = Field(
        min_length=MIN_STEPS,
        max_length=MAX_POINTS,
        description="the loss before each update, in the same order; null for a loss that is not finite",
    )
    smoothing: StrictFloat = Field(
        default=0.98,
        ge=0,
        lt=1,
        description="weight of earlier losses in the running mean; 0 for no smoothing",
    )

    @field_validator("learning_rates")
    @classmethod
    def _rising(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        for i in range(1, len(rates)):
            if rates[i] <= rates[i - 1]:
                raise invalid(f"must be > {rates[i - 1]:g}, the rate before it, got {rates[i]:g}", str(i))
        return rates

    @model_validator(mode="after")
    def _equally_long(self) -> RangeTestCurve:
        rates, losses = len(self.learning_rates), len(self.losses)
        if rates != losses:
            raise invalid(f"must have as many entries as learning_rates, {rates}, got {losses}", "losses")
        return self


class RangeSuggestions(Answer):
    """Learning rates that the losses suggest; null for a suggestion that the losses do not allow."""

    valley: float | None = Field(
        description="the middle of the longest fall of the loss: a good first choice"
    )
    slide: float | None = Field(description="before the last change of the slope; for steep losses only")
    steepest: float | None = Field(description="the learning rate at which the loss falls fastest")
    minimum_over_10: float | None = Field(description="a tenth of the learning rate with the lowest loss")


class RangeSpread(Answer):
    """The spread of a suggestion under noise: its 10 % and 90 % quantiles over losses with new noise."""

    low: float
    high: float


class RangeSpreads(Answer):
    """The spread of each suggestion; null for a spread that the losses do not allow."""

    valley: RangeSpread | None
    slide: RangeSpread | None
    steepest: RangeSpread | None
    minimum_over_10: RangeSpread | None


class RangeTestEnd(Answer):
    """The last update that counts, and why later updates do not count."""

    reason: Literal["last_update", "loss_rose", "not_finite", "run_stopped"] = Field(
        description="`last_update`: all updates count; `loss_rose`: the smoothed loss rose above four "
        "times its "
        "lowest value; `not_finite`: the next loss is not finite; `run_stopped`: the run diverged and stopped"
    )
    update: int | None = Field(description="number of the update, from 0; null if no update counts")
    learning_rate: float | None = Field(description="the learning rate of that update")
    detail: str = Field(description="the reason in a sentence, with figures")


class RangeTestAnalysis(Answer):
    """The suggestions of a range test, with their spread and the end of the test."""

    suggestions: RangeSuggestions
    spread: RangeSpreads | None = Field(
        default=None,  # tests stored by versions without a spread have none
        description="the spread of each suggestion under noise, from a bootstrap of the losses",
    )
    ended: RangeTestEnd | None = Field(
        default=None,  # tests stored by versions without an end have none
        description="the end of the test, and the reason",
    )
    smoothed_loss: list[float] = Field(description="the smoothed loss of each update up to the divergence")
    diverged: bool = Field(description="whether the loss rose far above its lowest value or was not finite")
    warnings: list[str]


class RangeTestResult(RangeTestAnalysis):
    """The learning rates and losses of a range test, and its suggestions."""

    learning_rate: list[float] = Field(description="the learning rate of each update")
    loss: list[float | None] = Field(
        description="the loss before each update, as the mean over the replicates"
    )


class RangeTest(Answer):
    """A range test: a job of one trial."""

    id: str = Field(
        description="id of the range test and of its job, for events, cancel, pause, resume and delete"
    )
    name: str
    state: JobState
    reason: str | None = Field(description="why the range test stopped; null if there is no reason to give")
    spec: dict[str, Any] = Field(description="the range test as posted, with every default filled in")
    result: RangeTestResult | None = Field(description="null until the job has succeeded")
    error: Problem | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
