"""The answers of the catalogue, and the request and answers of learning-rate tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field, Strict, field_validator

from app.engine.schedules import SCHEDULES
from app.engine.schedules.loss_driven import LossDriven
from app.spec.base import Answer, Wire, invalid
from app.spec.kinds import KindWire, fixed_model, union_of
from app.spec.values import StrictFloat

MAX_PREVIEW_STEPS = 100_000

if TYPE_CHECKING:
    FixedSchedule: TypeAlias = KindWire
else:
    FixedSchedule = Annotated[
        union_of(fixed_model(cls, "Schedule") for cls in SCHEDULES.values()), Field(discriminator="kind")
    ]


class Bounds(Answer):
    """What a value must keep; null where there is no such bound."""

    ge: float | None
    gt: float | None
    le: float | None
    lt: float | None


class Hyperparameter(Answer):
    """A field of a kind."""

    name: str
    type: str = Field(description="number, integer, boolean, string, list or object")
    doc: str
    required: bool
    default: Any = Field(description="null where it is required, or where null is the default")
    bounds: Bounds
    choices: list[Any] | None = Field(description="the values there are, or null for any within the bounds")
    search: tuple[float, float] | None = Field(description="range that a search covers by default, or null")
    log: bool = Field(description="whether that range is searched on a logarithmic scale")
    searched: bool = Field(description="whether a job that does not mention the field searches it")
    regularises: bool = Field(
        description="whether it pulls the parameters towards the origin: a job on a function does not search "
        "it unless the job gives a range or choices"
    )
    searchable: bool = Field(description="whether a job can give a range or choices; else one plain value")


class CatalogueItem(Answer):
    """A kind that a job can name."""

    kind: str
    summary: str
    update_rule: str | None
    source: str | None
    deviations: list[str] = Field(description="where it differs from other implementations")
    hyperparameters: list[Hyperparameter]


class OptimizerExport(Answer):
    """How a framework's module builds an optimizer, at its default hyperparameters."""

    format: str = Field(description="of the schedule of a recommendation")
    implementation: str | None = Field(
        description="the class or function that it calls; null where the module carries the update"
    )


class OptimizerItem(CatalogueItem):
    """An optimizer, and the formats in which a recommendation exports it."""

    exports: list[OptimizerExport] = Field(description="`csv`, `json` and `python` have the schedule alone")


class Optimum(Answer):
    """The least value of a function, and where it is."""

    value: float
    parameters: list[float] = Field(description="a point that has the value, one of several perhaps")


class FunctionItem(CatalogueItem):
    """A test function. `start` and `optimum` are those in the default dimension."""

    minimum_dimension: int
    maximum_dimension: int
    default_dimension: int
    hessian_dimension: int = Field(description="up to which dimension it gives a Hessian, as newton needs")
    bounded_below: bool = Field(
        description="whether it has a least value; if not, the run that falls fastest wins"
    )
    domain: tuple[float, float] = Field(description="where the literature looks at each parameter; no bound")
    start: list[float]
    optimum: Optimum | None = Field(description="at the first step; null where it is unbounded below")


class ModelItem(CatalogueItem):
    """A model that is trained on data."""

    form: str = Field(description="the form of inputs that it takes, as datasets have it")


class ObjectiveItem(CatalogueItem):
    """A kind of objective, with what it can be made of."""

    functions: list[FunctionItem]
    models: list[ModelItem]
    losses: list[CatalogueItem]
    activations: list[CatalogueItem] = Field(description="the nonlinearities that a model can have")
    initialisations: list[CatalogueItem] = Field(description="how a model can be started")
    datasets: list[str]


class DatasetItem(CatalogueItem):
    """A built-in dataset; `kind` is the name by which a job asks for it."""

    objective: str = Field(description="the kind of objective that takes it")
    rows: int
    features: int
    classes: int | None = Field(description="number of labels, or null where the targets are numbers")
    form: str = Field(description="features, tokens (an example has a few of many) or pairs; models take one")
    sizes: list[int] = Field(description="how many features or tokens, or how many of each side of the pairs")


class SchedulePreview(Wire):
    """A schedule to draw."""

    schedule: FixedSchedule = Field(description="the schedule, every field fixed or omitted")
    learning_rate: StrictFloat = Field(default=1.0, gt=0, le=1e6, description="the peak; 1 gives the factors")
    steps: Annotated[int, Strict()] = Field(
        default=500, ge=1, le=MAX_PREVIEW_STEPS, description="updates of the run"
    )

    @field_validator("schedule")
    @classmethod
    def _has_a_table(cls, schedule: KindWire) -> KindWire:
        if issubclass(SCHEDULES[schedule.kind], LossDriven):
            raise invalid(
                f"{schedule.kind} follows the losses of a run, so there is nothing to draw before one; "
                "choose another kind, or post a job: its trajectories have the rates that were taken",
                "kind",
            )
        return schedule


class LearningRates(Answer):
    """The learning rate of every update."""

    learning_rate: list[float]


class ScheduleTable(LearningRates):
    """The learning rate of every update of a run, and what its peak rests on."""

    total_steps: int
    peak: float
    tuned_total_steps: int = Field(description="the updates for which the setting was tuned")
    basis: Literal["tuned", "measured", "interpolated", "extrapolated"] = Field(
        description="`tuned`: the peak of the job; `measured`: the best peak of a measured horizon; "
        "`interpolated`: between two of these; `extrapolated`: beyond them"
    )
