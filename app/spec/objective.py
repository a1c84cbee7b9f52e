"""What a job optimises: a function, or a model on a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, FailFast, Field, Strict, model_validator

from app.data import DATASETS
from app.engine.hyper import HyperField, hyper_fields
from app.engine.losses import LOSSES
from app.engine.models import MODELS
from app.engine.objectives.functions import FUNCTIONS
from app.engine.objectives.penalty import PenaltyFields
from app.spec.base import Wire, invalid
from app.spec.kinds import KindWire, part_model, union_of
from app.spec.losses import DEFAULT_CLASS_LOSS, DEFAULT_NUMBER_LOSS, ClassLoss, NumberLoss
from app.spec.values import HyperValue, StrictFloat, is_searched, searchable

MAX_DIMENSION = 100_000
MAX_START = 10_000  # values of a start that is spelled out: a list of jobs shows each spec whole

(_L2,) = hyper_fields(PenaltyFields)

if TYPE_CHECKING:
    ModelSpec: TypeAlias = KindWire
    L2Value: TypeAlias = HyperValue
else:
    L2Value = searchable(_L2)
    ModelSpec = Annotated[
        union_of(part_model(cls, "Model") for cls in MODELS.values()), Field(discriminator="kind")
    ]


def _known_function(name: str) -> str:
    if name not in FUNCTIONS:
        raise invalid(f"{name!r} is no function; choose one of: {', '.join(FUNCTIONS)}")
    return name


class FunctionSpec(Wire):
    """A test function, minimised from a start point."""

    kind: Literal["function"]
    name: Annotated[str, AfterValidator(_known_function)] = Field(
        description="which function", json_schema_extra={"enum": list(FUNCTIONS)}
    )
    dimension: Annotated[int, Strict()] | None = Field(
        default=None, ge=1, le=MAX_DIMENSION, description="number of parameters; null for the function's own"
    )
    start: Annotated[tuple[StrictFloat, ...] | None, FailFast()] = Field(
        default=None, max_length=MAX_START, description="where to start; null for the function's own"
    )
    noise: StrictFloat = Field(
        default=0.0, ge=0, le=1e6, description="standard deviation of Gaussian noise added to the gradient"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_dimension(cls, data: object) -> object:
        """An omitted dimension is the start's length, or the function's own."""
        if not isinstance(data, dict) or data.get("dimension") is not None:
            return data
        start, name = data.get("start"), data.get("name")
        function = FUNCTIONS[name] if isinstance(name, str) and name in FUNCTIONS else None
        if isinstance(start, (list, tuple)) and start:
            wrong = None if function is None else function.wrong_dimension(len(start))
            if wrong:
                raise invalid(f"start has {_values(len(start))}, but {wrong}", "start")
            return data | {"dimension": len(start)}
        return data if function is None else data | {"dimension": function.default_dimension}

    @model_validator(mode="after")
    def _check_dimension(self) -> FunctionSpec:
        function = FUNCTIONS[self.name]
        dimension = self.dimension or function.default_dimension
        wrong = function.wrong_dimension(dimension)
        if wrong:
            raise invalid(wrong, "dimension")
        if self.start is not None and len(self.start) != dimension:
            count = _values(len(self.start))
            raise invalid(f"start has {count}, but dimension is {dimension}; make them equal", "start")
        return self


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _check_dataset(name: str, kind: str) -> None:
    if name not in DATASETS:
        raise invalid(f"{name!r} is no dataset; choose one of: {', '.join(DATASETS)}", "dataset")
    other = DATASETS[name].objective
    if other != kind:
        raise invalid(f"{name} is a {other} dataset; use kind {other} or another dataset", "dataset")


class _Supervised(Wire):
    """What a model on data is: the part that classification and regression share."""

    dataset: str = Field(max_length=200, description="name of a built-in dataset", examples=list(DATASETS))
    model: ModelSpec = Field(description="the model that is trained")
    l2: L2Value = Field(default=_L2.default, description=_L2.hyper.doc)


class ClassificationSpec(_Supervised):
    """A classifier on a labelled dataset."""

    kind: Literal["classification"]
    loss: ClassLoss = Field(
        default=DEFAULT_CLASS_LOSS, description="training loss: a name, or an object of kind and fields"
    )
    metric: Literal["validation_loss", "validation_error"] = Field(
        default="validation_loss", description="what a trial's value is"
    )

    @model_validator(mode="after")
    def _check(self) -> ClassificationSpec:
        _check_dataset(self.dataset, self.kind)
        return self


class RegressionSpec(_Supervised):
    """A regression on a dataset of numbers."""

    kind: Literal["regression"]
    loss: NumberLoss = Field(
        default=DEFAULT_NUMBER_LOSS, description="training loss: a name, or an object of kind and fields"
    )
    metric: Literal["validation_loss"] = Field(
        default="validation_loss", description="what a trial's value is"
    )

    @model_validator(mode="after")
    def _check(self) -> RegressionSpec:
        _check_dataset(self.dataset, self.kind)
        return self


SupervisedSpec: TypeAlias = ClassificationSpec | RegressionSpec
ObjectiveSpec: TypeAlias = Annotated[
    FunctionSpec | ClassificationSpec | RegressionSpec, Field(discriminator="kind")
]


def searched_settings(spec: FunctionSpec | SupervisedSpec) -> dict[str, tuple[HyperField, HyperValue]]:
    """What the trials of a job differ in beside their optimizers: ranges and choices of the objective.

    By the names of the engine's settings, such as "l2" or "model.dropout".
    """
    if isinstance(spec, FunctionSpec):
        return {}
    parts: list[tuple[str, type, Wire]] = [
        ("model.", MODELS[spec.model.kind], spec.model),
        ("loss.", LOSSES[spec.loss.kind], spec.loss),
        ("", PenaltyFields, spec),
    ]
    found = {
        f"{prefix}{field.name}": (field, getattr(wire, field.name))
        for prefix, cls, wire in parts
        for field in hyper_fields(cls)
        if field.hyper.per_run
    }
    return {name: (field, value) for name, (field, value) in found.items() if is_searched(value)}
