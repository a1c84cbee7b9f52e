"""The objective of a job: a function, or a model on a dataset."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, FailFast, Field, Strict, model_validator

from app.engine.objectives.functions import FUNCTIONS
from app.spec.base import Wire, invalid
from app.spec.hints import meant
from app.spec.supervised import ClassificationSpec, FactorizationSpec, RegressionSpec
from app.spec.values import StrictFloat

MAX_DIMENSION = 100_000
MAX_START = 10_000  # values in `start`; a list of jobs contains every spec in full


def _known_function(name: str) -> str:
    if name not in FUNCTIONS:
        hint = meant(name, FUNCTIONS)
        raise invalid(f"{name!r} is not a function{hint}; choose one of: {', '.join(FUNCTIONS)}")
    return name


class FunctionSpec(Wire):
    """A test function, minimised from a start point."""

    kind: Literal["function"]
    name: Annotated[str, AfterValidator(_known_function)] = Field(
        description="name of the function", json_schema_extra={"enum": list(FUNCTIONS)}
    )
    dimension: Annotated[int, Strict()] | None = Field(
        default=None,
        ge=1,
        le=MAX_DIMENSION,
        description="number of parameters; null for the default of the function",
    )
    start: Annotated[tuple[StrictFloat, ...] | None, FailFast()] = Field(
        default=None,
        max_length=MAX_START,
        description="parameters at the start; null for the start of the function",
    )
    noise: StrictFloat = Field(
        default=0.0, ge=0, le=1e6, description="standard deviation of Gaussian noise added to the gradient"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_dimension(cls, data: object) -> object:
        """Fill an omitted dimension with the length of `start`, or else with the function's default."""
        if not isinstance(data, dict) or data.get("dimension") is not None:
            return data
        start, name = data.get("start"), data.get("name")
        function = FUNCTIONS[name] if isinstance(name, str) and name in FUNCTIONS else None
        if isinstance(start, (list, tuple)) and start:
            fault = None if function is None else function.wrong_dimension(len(start))
            if fault:
                raise invalid(f"start has {_values(len(start))}, but {fault}", "start")
            return data | {"dimension": len(start)}
        return data if function is None else data | {"dimension": function.default_dimension}

    @model_validator(mode="after")
    def _check_dimension(self) -> FunctionSpec:
        function = FUNCTIONS[self.name]
        dimension = self.dimension or function.default_dimension
        fault = function.wrong_dimension(dimension)
        if fault:
            raise invalid(fault, "dimension")
        if self.start is not None and len(self.start) != dimension:
            count = _values(len(self.start))
            raise invalid(f"start has {count}, but dimension is {dimension}; make them equal", "start")
        return self


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


ObjectiveSpec: TypeAlias = Annotated[
    FunctionSpec | ClassificationSpec | RegressionSpec | FactorizationSpec, Field(discriminator="kind")
]
