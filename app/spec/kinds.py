"""Request models derived from the engine's registries: one model for each kind, and tagged unions of them."""

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
    """A part of a job that names a kind; each registered kind has a derived subclass."""

    kind: str


def summary(cls: type) -> str:
    """Return the first paragraph of a kind's docstring."""
    return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")


def search_model(cls: type[Kind], noun: str) -> type[KindWire]:
    """Return the model of a kind whose hyperparameters are values, ranges or choices, with defaults."""
    fields: dict[str, Any] = {
        field.name: (searchable(field), Field(default_value(field), description=_described(field)))
        for field in hyper_fields(cls)
    }
    return _model(cls, f"{cls.__name__}{noun}Space", fields)


def part_model(cls: type[Kind], noun: str) -> type[KindWire]:
    """Return the model of a part of an objective: fields that may differ between trials are searchable."""
    fields: dict[str, Any] = {
        field.name: (
            searchable(field) if field.hyper.per_run else unsearched(field),
            Field(default_value(field), description=field.hyper.doc),
        )
        for field in hyper_fields(cls)
    }
    return _model(cls, f"{cls.__name__}{noun}", fields)


def fixed_model(cls: type[Kind], noun: str) -> type[KindWire]:
    """Return the model of a kind whose every hyperparameter is a plain value."""
    fields: dict[str, Any] = {
        field.name: (
            fixed_type(field),
            Field(... if field.required else field.default, description=field.hyper.doc),
        )
        for field in hyper_fields(cls)
    }
    return _model(cls, f"{cls.__name__}{noun}", fields)


def union_of(models: Iterable[type[BaseModel]]) -> Any:
    """Return the union of models, to be discriminated by `kind`."""
    # Any: a type built at run time; a static alias beside each use gives mypy its type.
    return reduce(or_, models)


def instance(registry: Registry[K], wire: KindWire) -> K:
    """Return the engine's object for a request model; a searched field takes its largest value."""
    return registry[wire.kind](
        **{name: largest(getattr(wire, name)) for name in type(wire).model_fields if name != "kind"}
    )


def without_regularisation(registry: Registry[K], candidates: object) -> object:
    """Return the posted candidates with omitted regularising hyperparameters at their defaults.

    On a function, regularisation only rewards a minimum at the origin. Values that the client gives are kept.
    """
    if not isinstance(candidates, (list, tuple)):
        return candidates
    # A list, not a tuple: pydantic checks the length of a list before its items.
    return [
        _unregularised(registry, candidate) | candidate if isinstance(candidate, dict) else candidate
        for candidate in candidates
    ]


def _unregularised(registry: Registry[K], candidate: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults of a candidate's fields that regularise and are searched by default."""
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
    return f"{field.hyper.doc}; {field.default:g} by default if the objective is a function"


def _model(cls: type[Kind], name: str, fields: dict[str, Any]) -> type[KindWire]:
    kind: Any = Literal[cls.kind]  # Any: a literal of a value that is known at run time only
    model: type[KindWire] = create_model(
        name, __base__=KindWire, __doc__=summary(cls), kind=(kind, ...), **fields
    )
    return model
