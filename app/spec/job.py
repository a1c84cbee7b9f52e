"""The spec of a job: the body of `POST /v1/jobs`, with its defaults and limits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, Strict, field_validator, model_validator

from app.data import DATASETS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.engine.supervised.objective import training_rows
from app.spec.base import MAX_NAMES, Wire, invalid
from app.spec.job_defaults import (
    CHEAP_CONFIRMATION_SEEDS,
    CHEAP_STEPS,
    CONFIRMATION_SEEDS,
    SMALL_DATASET,
    SMALL_DATASET_REPLICATES,
    default_batch_sizes,
    default_confirmation_seeds,
    default_name,
    default_replicates,
)
from app.spec.kinds import KindWire, search_model, union_of, without_regularisation
from app.spec.needs import unmet_cycling, unmet_need, wants_full_batch
from app.spec.objective import FunctionSpec, ObjectiveSpec
from app.spec.search import PrunerSpec, SamplerSpec
from app.spec.values import Scalar, StrictFloat, without_default

MAX_TRIALS = 100_000
MAX_STEPS = 10_000_000
MAX_CANDIDATES = 50  # optimizers, or schedules, in one search space
MAX_ENQUEUED = 1_000  # configurations in `enqueue`
MAX_SOURCES = 20  # jobs in `from_jobs`

DEFAULT_OPTIMIZERS = tuple(kind for kind, cls in OPTIMIZERS.items() if cls.default_candidate)
DEFAULT_SCHEDULES = ("constant", "cosine")

if TYPE_CHECKING:
    OptimizerSpace: TypeAlias = KindWire
    ScheduleSpace: TypeAlias = KindWire
else:
    OptimizerSpace = Annotated[
        union_of(search_model(cls, "Optimizer") for cls in OPTIMIZERS.values()), Field(discriminator="kind")
    ]
    ScheduleSpace = Annotated[
        union_of(search_model(cls, "Schedule") for cls in SCHEDULES.values()), Field(discriminator="kind")
    ]

Count = Annotated[int, Strict()]
BatchSize: TypeAlias = Annotated[int, Strict(), Field(ge=1, le=10_000_000)] | Literal["full"]


def _bounded(value: object) -> object:
    if isinstance(value, dict) and len(value) > MAX_NAMES:
        raise invalid(f"has {len(value)} parameters; no trial has more than {MAX_NAMES}")
    return value


def _distinct_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    for i, job_id in enumerate(ids):
        if job_id in ids[:i]:
            raise invalid(f"job {job_id!r} is listed twice; drop one of them", str(i))
    return ids


Params: TypeAlias = Annotated[dict[str, Scalar], BeforeValidator(_bounded)]
JobIds: TypeAlias = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...], AfterValidator(_distinct_ids)
]


class BatchSizeChoices(Wire):
    """A choice of batch sizes, searched by the job."""

    choices: tuple[BatchSize, ...] = Field(min_length=1, max_length=20)

    @field_validator("choices")
    @classmethod
    def _distinct(cls, choices: tuple[BatchSize, ...]) -> tuple[BatchSize, ...]:
        if len(set(choices)) < len(choices):
            raise invalid("a batch size is listed twice; drop one of the two")
        return choices


def _kinds(kinds: Iterable[str]) -> Any:
    """Return these kinds in the form that a client posts; pydantic validates such a default."""
    return tuple({"kind": kind} for kind in kinds)


class SearchSpace(Wire):
    """The optimizers, schedules and batch sizes from which trials are drawn."""

    optimizers: tuple[OptimizerSpace, ...] = Field(
        default_factory=lambda: _kinds(DEFAULT_OPTIMIZERS),
        min_length=1,
        max_length=MAX_CANDIDATES,
        description="the candidate optimizers. A hyperparameter is a value, a range or choices. An omitted "
        "weight decay is searched if the objective has a dataset; on a function it stays at its default",
    )
    schedules: tuple[ScheduleSpace, ...] = Field(
        default_factory=lambda: _kinds(DEFAULT_SCHEDULES),
        min_length=1,
        max_length=MAX_CANDIDATES,
        description="the candidate learning-rate schedules",
    )
    batch_size: BatchSize | BatchSizeChoices | None = Field(
        default=None,
        description='rows of a minibatch: an integer, "full" for all training rows, or choices; null for a '
        "function",
    )


class Budget(Wire):
    """Limits of the search: trials, updates and time."""

    trials: Count = Field(default=256, ge=1, le=MAX_TRIALS, description="number of configurations to try")
    steps: Count = Field(default=500, ge=1, le=MAX_STEPS, description="number of updates of each trial")
    seconds: StrictFloat | None = Field(
        default=None, gt=0, le=1e7, description="start no further trials after this time; null for no limit"
    )
    stop_when_settled: Annotated[bool, Strict()] = Field(
        default=False,
        description="start no further trials once they are unlikely to improve the best value by 1 %",
    )


class Confirmation(Wire):
    """The comparison of the best configurations with the baselines, on fresh seeds."""

    top: Count = Field(
        default=8,
        ge=1,
        le=50,
        description="number of best distinct configurations to compare, beside the best of each optimizer "
        "kind",
    )
    replicates: Count = Field(
        default=CONFIRMATION_SEEDS,
        ge=2,
        le=256,
        json_schema_extra=without_default,
        description=(
            f"number of fresh seeds of each configuration. Default: {CHEAP_CONFIRMATION_SEEDS} for runs of "
            f"at most {CHEAP_STEPS:,} steps on"
            f" functions and datasets of fewer than {SMALL_DATASET:,} rows, {CONFIRMATION_SEEDS} otherwise"
        ),
    )


class JobSpec(Wire):
    """A tuning job. Only `objective` is required; the defaults give a good result within a minute."""

    name: str = Field(
        default="",
        max_length=200,
        description="a name of the client's choice, which `GET /v1/jobs?name=` finds",
    )
    objective: ObjectiveSpec = Field(description="the function or the training that is minimised")
    search_space: SearchSpace = Field(default_factory=SearchSpace)
    budget: Budget = Field(default_factory=Budget)
    replicates: Count = Field(
        default=1,
        ge=1,
        le=64,
        json_schema_extra=without_default,
        description="number of seeds of each trial; the trial's value is their mean. "
        f"Default: {SMALL_DATASET_REPLICATES} for datasets of fewer than {SMALL_DATASET:,} rows, 1 otherwise",
    )
    confirmation: Confirmation | None = Field(
        default_factory=Confirmation, description="the final comparison on fresh seeds; null skips it"
    )
    sampler: SamplerSpec = Field(default_factory=lambda: {"kind": "auto"}, validate_default=True)
    pruner: PrunerSpec = Field(default_factory=lambda: {"kind": "median"}, validate_default=True)
    enqueue: tuple[Params, ...] = Field(
        default=(),
        max_length=MAX_ENQUEUED,
        description="configurations to try first, each in the form of a trial's `params`. Parameters that a "
        "configuration omits are drawn at random",
        examples=[[{"optimizer": "adam", "adam.learning_rate": 0.003}]],
    )
    from_jobs: JobIds = Field(
        default=(),
        max_length=MAX_SOURCES,
        description="ids of jobs with the same objective and steps. The sampler learns from the trials that "
        "these jobs have finished when this job is submitted",
    )
    precision: Literal["float32", "float64"] | None = Field(
        default=None,
        description="precision of the arithmetic; null: float64 for functions, float32 for models",
    )
    seed: Count = Field(
        default=0,
        ge=0,
        lt=2**53,
        description="seed of all random draws; an equal spec and seed give equal trials",
    )
    priority: Count = Field(
        default=0, ge=-1000, le=1000, description="queued jobs with a higher priority run first"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults(cls, data: object) -> object:
        """Fill the defaults that depend on the objective."""
        if not isinstance(data, dict) or not isinstance(data.get("objective"), dict):
            return data
        filled = dict(data)
        function = filled["objective"].get("kind") == "function"
        if filled.get("precision") is None:
            filled["precision"] = "float64" if function else "float32"
        if "replicates" not in filled:
            filled["replicates"] = default_replicates(filled["objective"])
        confirmation = filled.get("confirmation", {})
        if isinstance(confirmation, dict) and "replicates" not in confirmation:
            filled["confirmation"] = confirmation | {"replicates": default_confirmation_seeds(filled)}
        if not filled.get("name"):
            filled["name"] = default_name(filled["objective"])
        space = filled.get("search_space", {})
        if isinstance(space, dict) and function:
            candidates = space.get("optimizers", _kinds(DEFAULT_OPTIMIZERS))
            filled["search_space"] = space | {"optimizers": without_regularisation(OPTIMIZERS, candidates)}
        elif isinstance(space, dict) and space.get("batch_size") is None:
            is_full = wants_full_batch(space.get("optimizers"))
            sizes = "full" if is_full else default_batch_sizes(filled["objective"])
            filled["search_space"] = space | {"batch_size": sizes}
        return filled

    @model_validator(mode="after")
    def _check_batch_size(self) -> JobSpec:
        sizes = self.search_space.batch_size
        if isinstance(self.objective, FunctionSpec):
            if sizes is not None:
                raise invalid(
                    f"must be null for a function, which has no rows, got {_sizes(sizes)}",
                    "search_space/batch_size",
                )
            return self
        rows = training_rows(DATASETS[self.objective.dataset].rows)
        choices = isinstance(sizes, BatchSizeChoices)
        for i, size in enumerate(sizes.choices if isinstance(sizes, BatchSizeChoices) else (sizes,)):
            if isinstance(size, int) and size > rows:
                at = "search_space/batch_size" + (f"/choices/{i}" if choices else "")
                limit = f"{self.objective.dataset} has {rows} training rows"
                raise invalid(f'must be <= {rows} ({limit}) or "full", got {size}', at)
        return self

    @model_validator(mode="after")
    def _check_optimizers(self) -> JobSpec:
        sizes = self.search_space.batch_size
        listed = sizes.choices if isinstance(sizes, BatchSizeChoices) else (sizes,)
        is_full_batch = not any(isinstance(size, int) for size in listed)
        for i, candidate in enumerate(self.search_space.optimizers):
            unmet = unmet_need(candidate.kind, self.objective, is_full_batch)
            if unmet:
                raise invalid(unmet, f"search_space/optimizers/{i}/kind")
        return self

    @model_validator(mode="after")
    def _check_enqueued(self) -> JobSpec:
        if len(self.enqueue) > self.budget.trials:
            limit = f"the budget has {self.budget.trials} trials"
            raise invalid(
                f"must have at most {self.budget.trials} entries ({limit}), got {len(self.enqueue)}",
                "enqueue",
            )
        return self

    @model_validator(mode="after")
    def _check_schedules(self) -> JobSpec:
        kinds = [candidate.kind for candidate in self.search_space.optimizers]
        for i, candidate in enumerate(self.search_space.schedules):
            unmet = unmet_cycling(candidate, kinds)
            if unmet:
                raise invalid(unmet, f"search_space/schedules/{i}/cycle_momentum")
        return self


def _sizes(sizes: BatchSizeChoices | int | str) -> str:
    """Return batch sizes as JSON, in the form that the client gave."""
    return json.dumps(sizes.choices if isinstance(sizes, BatchSizeChoices) else sizes)
