"""Wire models derived from the engine's registries: one for each kind, and their tagged unions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, create_model

from app.engine.hyper import HyperField, hyper_fields
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
        field.name: (searchable(field), Field(default_value(field), description=_described(field)))
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


def without_regularisation(registry: Registry[K], candidates: object) -> object:
    """Return the posted candidates with what would be searched and regularises held at its default.

    On a function, a regularisation only rewards a minimum at the origin. What the client gives stays.
    """
    if not isinstance(candidates, (list, tuple)):
        return candidates
    # A list: pydantic refuses one that is too long before it looks at the items, a tuple after that.
    return [
        _unregularised(registry, candidate) | candidate if isinstance(candidate, dict) else candidate
        for candidate in candidates
    ]


def _unregularised(registry: Registry[K], candidate: dict[str, Any]) -> dict[str, Any]:
    """The defaults of the fields of a candidate that are searched by default and regularise."""
    kind = candidate.get("kind")
    if not isinstance(kind, str) or kind not in registry:
        return {}
    return {
        field.name: field.default
        for field in hyper_fields(registry[kind])
        if field.hyper.searched and field.hyper.regularises
    }


def _described(field: HyperField) -> str:
    if not (field.hyper.searched and field.hyper.regularises):
        return field.hyper.doc
    return f"{field.hyper.doc}; {field.default:g} by default where the objective is a function"


def _model(cls: type[Kind], name: str, fields: dict[str, Any]) -> type[KindWire]:
    kind: Any = Literal[cls.kind]  # mypy: a literal of a value known at run time only
    model: type[KindWire] = create_model(
        name, __base__=KindWire, __doc__=summary(cls), kind=(kind, ...), **fields
    )
    return model
