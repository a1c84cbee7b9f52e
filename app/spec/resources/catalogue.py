"""The answers of the catalogue, and the requests and answers about learning rates of schedules."""

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
    """The bounds of a value; null for a bound that does not exist."""

    ge: float | None
    gt: float | None
    le: float | None
    lt: float | None


class Hyperparameter(Answer):
    """A hyperparameter of a kind."""

    name: str
    type: str = Field(description="`number`, `integer`, `boolean`, `string`, `list` or `object`")
    doc: str
    required: bool
    default: Any = Field(
        description="the default value; null if the field is required, or if null is the default"
    )
    bounds: Bounds
    choices: list[Any] | None = Field(description="the allowed values; null for any value within the bounds")
    search: tuple[float, float] | None = Field(
        description="the range that a search covers by default; null without one"
    )
    log: bool = Field(description="whether the range is searched on a logarithmic scale")
    searched: bool = Field(description="whether a job that omits the field searches it")
    regularises: bool = Field(
        description="whether the field pulls the parameters towards the origin. A job on a function searches "
        "such a field only if the job gives a range or choices"
    )
    searchable: bool = Field(
        description="whether a job may give a range or choices; if not, a plain value only"
    )


class CatalogueItem(Answer):
    """A kind that a job can name."""

    kind: str
    summary: str
    update_rule: str | None
    source: str | None
    deviations: list[str] = Field(description="differences from other implementations")
    hyperparameters: list[Hyperparameter]


class OptimizerExport(Answer):
    """The implementation of an optimizer in a framework's module, at the default hyperparameters."""

    format: str = Field(description="the `format` of a recommendation's schedule")
    implementation: str | None = Field(
        description="the class or function that the module calls; null if the module contains the update "
        "itself"
    )


class OptimizerItem(CatalogueItem):
    """An optimizer, and the formats in which a recommendation exports it."""

    exports: list[OptimizerExport] = Field(
        description="the formats that build the optimizer; `csv`, `json` and `python` have the schedule alone"
    )


class Optimum(Answer):
    """The minimum of a function: its value and its parameters."""

    value: float
    parameters: list[float] = Field(description="a point with that value; other points may have it too")


class FunctionItem(CatalogueItem):
    """A test function; `start` and `optimum` hold for the default dimension."""

    minimum_dimension: int
    maximum_dimension: int
    default_dimension: int
    hessian_dimension: int = Field(description="largest dimension with a Hessian, which newton needs")
    bounded_below: bool = Field(
        description="whether the function has a minimum; if not, the run with the fastest decrease is best"
    )
    domain: tuple[float, float] = Field(
        description="range of each parameter in the literature; not a bound of the search"
    )
    start: list[float]
    optimum: Optimum | None = Field(
        description="the minimum at the first step; null if the function is unbounded below"
    )


class ModelItem(CatalogueItem):
    """A model to train on a dataset."""

    form: str = Field(
        description="the form of inputs that the model takes; the dataset must have the same `form`"
    )


class ObjectiveItem(CatalogueItem):
    """A kind of objective, with the functions, models, losses and datasets to choose from."""

    functions: list[FunctionItem]
    models: list[ModelItem]
    losses: list[CatalogueItem]
    activations: list[CatalogueItem] = Field(description="the nonlinearities to choose from in a model")
    initialisations: list[CatalogueItem] = Field(description="the initialisations to choose from in a model")
    datasets: list[str]


class DatasetItem(CatalogueItem):
    """A built-in dataset; `kind` is the name that an objective gives as `dataset`."""

    objective: str = Field(description="the kind of objective that takes the dataset")
    rows: int
    features: int
    classes: int | None = Field(description="number of classes; null if the targets are numbers")
    form: str = Field(
        description="form of the inputs: `features`, `tokens` (each row has a few of many) or `pairs`; "
        "each model takes one form"
    )
    sizes: list[int] = Field(
        description="number of features or tokens; for pairs, the numbers of users and of items"
    )


class SchedulePreview(Wire):
    """A schedule whose learning rates are requested."""

    schedule: FixedSchedule = Field(description="the schedule; every field is a plain value or omitted")
    learning_rate: StrictFloat = Field(
        default=1.0, gt=0, le=1e6, description="the peak; 1 returns the factors"
    )
    steps: Annotated[int, Strict()] = Field(
        default=500, ge=1, le=MAX_PREVIEW_STEPS, description="number of updates of the run"
    )

    @field_validator("schedule")
    @classmethod
    def _has_a_table(cls, schedule: KindWire) -> KindWire:
        if issubclass(SCHEDULES[schedule.kind], LossDriven):
            raise invalid(
                f"{schedule.kind} follows the losses of a run, so its learning rates are unknown before a "
                f"run; "
                "choose another kind, or submit a job: its trajectories have the learning rates",
                "kind",
            )
        return schedule


class LearningRates(Answer):
    """The learning rate of every update."""

    learning_rate: list[float]


class ScheduleTable(LearningRates):
    """The learning rate of every update of a run, and the basis of its peak."""

    total_steps: int
    peak: float
    tuned_total_steps: int = Field(description="number of updates for which the configuration was tuned")
    basis: Literal["tuned", "measured", "interpolated", "extrapolated"] = Field(
        description="basis of the peak. `tuned`: the peak of the job; `measured`: the best peak of a "
        "measured "
        "horizon; `interpolated`: between two measured peaks; `extrapolated`: beyond the measured peaks"
    )
