"""Wire models derived from the engine's registries: one for each kind, and their tagged unions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, create_model

from app.engine.hyper import hyper_fields
from app.engine.registry import Kind, Registry
from app.spec.base import Wire
from app.spec.values import default_value, fixed_type, largest, searchable, unsearched

K = TypeVar("K", bound=Kind)


class KindWire(Wire):
    """A part of a job that names a kind; the subclasses are derived, one for each registered kind."""

    kind: str


def summary(cls: type) -> str:
    """The first line of a kind's docstring."""
    return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")


def search_model(cls: type[Kind], noun: str) -> type[KindWire]:
    """The model of a kind whose hyperparameters may be fixed, ranges or choices; omitted ones are filled."""
    fields: dict[str, Any] = {
        field.name: (searchable(field), Field(default_value(field), description=field.hyper.doc))
        for field in hyper_fields(cls)
    }
    return _model(cls, f"{cls.__name__}{noun}Space", fields)


def part_model(cls: type[Kind], noun: str) -> type[KindWire]:
    """The model of a part of an objective: what runs can differ in may be searched, all else is fixed."""
    fields: dict[str, Any] = {
        field.name: (
            searchable(field) if field.hyper.per_run else unsearched(field),
            Field(default_value(field), description=field.hyper.doc),
        )
        for field in hyper_fields(cls)
    }
    return _model(cls, f"{cls.__name__}{noun}", fields)


def fixed_model(cls: type[Kind], noun: str) -> type[KindWire]:
    """The model of a kind whose every hyperparameter is one plain value."""
    fields: dict[str, Any] = {
        field.name: (
            fixed_type(field),
            Field(... if field.required else field.default, description=field.hyper.doc),
        )
        for field in hyper_fields(cls)
    }
    return _model(cls, f"{cls.__name__}{noun}", fields)


def union_of(models: Iterable[type[BaseModel]]) -> Any:
    """The union of models told apart by their `kind`."""
    # Any: a type built at run time; the static alias beside each use tells mypy what it holds.
    return reduce(or_, models)


def instance(registry: Registry[K], wire: KindWire) -> K:
    """The engine's object that a wire model describes; what is searched has its largest value there."""
    return registry[wire.kind](
        **{name: largest(getattr(wire, name)) for name in type(wire).model_fields if name != "kind"}
    )


def _model(cls: type[Kind], name: str, fields: dict[str, Any]) -> type[KindWire]:
    kind: Any = Literal[cls.kind]  # mypy: a literal of a value known at run time only
    model: type[KindWire] = create_model(
        name, __base__=KindWire, __doc__=summary(cls), kind=(kind, ...), **fields
    )
    return model
