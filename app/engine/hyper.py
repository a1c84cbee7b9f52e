"""The declaration of a hyperparameter: meaning, bounds and search range.

`Hyper` is written once, on the field of an optimizer, schedule or objective. The request model with its
bounds, the OpenAPI text, the search distributions, the catalogue and the tests derive from it.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import annotated_types


@dataclass(frozen=True, slots=True)
class _Describe:
    """The text of a field, carried into its JSON schema.

    pydantic drops the hook of a `GroupedMetadata` itself, so `Hyper` yields this small object.
    """

    text: str

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        # Any: pydantic's own types, which the engine does not import.
        schema: dict[str, Any] = dict(handler(core_schema))
        schema["description"] = self.text
        return schema


@dataclass(frozen=True, slots=True)
class Hyper(annotated_types.GroupedMetadata):
    """One hyperparameter.

    search: (low, high) that a search covers if the client gives no range.
    choices: the allowed values of a field that is not a number.
    log: whether `search` is covered on a logarithmic scale.
    searched: whether a job that does not mention the field searches it; otherwise the field stays at its
    default.
    regularises: whether the field pulls the parameters towards the origin. On a function there is no data to
    overfit, and such a pull only rewards a minimum at the origin. A job on a function therefore searches the
    field only on request.
    per_run: for a field of a model or a loss, whether the runs of a batch can differ in it. Only such a field
    can be searched.
    """

    doc: str
    _: KW_ONLY
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    search: tuple[float, float] | None = None
    choices: tuple[str | bool | int, ...] = ()
    log: bool = False
    searched: bool = False
    regularises: bool = False
    per_run: bool = False

    def __iter__(self) -> Iterator[object]:
        """Yield the parts that validators understand."""
        for bound, value in (
            (annotated_types.Ge, self.ge),
            (annotated_types.Gt, self.gt),
            (annotated_types.Le, self.le),
            (annotated_types.Lt, self.lt),
        ):
            if value is not None:
                yield bound(value)
        yield _Describe(self.doc)

    def broken_bound(self, value: float) -> str | None:
        """Return the bound that `value` breaks, as in "must be < 1", or None if `value` keeps all bounds."""
        checks = (
            (self.ge, ">=", operator.ge),
            (self.gt, ">", operator.gt),
            (self.le, "<=", operator.le),
            (self.lt, "<", operator.lt),
        )
        for bound, sign, holds in checks:
            if bound is not None and not holds(value, bound):
                return f"must be {sign} {bound:g}"
        return None


@dataclass(frozen=True, slots=True)
class HyperField:
    """A hyperparameter at its declaration: name, type and default of the field, and its `Hyper`."""

    name: str
    type: type
    wire_type: Any  # the annotation without its Hyper, such as tuple[int, ...]
    default: Any  # of `type`; dataclasses.MISSING if the field is required
    hyper: Hyper

    @property
    def required(self) -> bool:
        """Return whether the field must be given."""
        return self.default is dataclasses.MISSING


def hyper_fields(cls: type) -> tuple[HyperField, ...]:
    """Return the hyperparameters of an engine dataclass, in the order of their declaration."""
    key: Any = cls  # mypy regards a class of frozen dataclasses as unhashable
    return _read_fields(key)


@cache
def _read_fields(cls: type) -> tuple[HyperField, ...]:
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls.__name__} is not a dataclass")
    hints = get_type_hints(cls, include_extras=True)
    fields = []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        hypers = [part for part in get_args(hint)[1:] if isinstance(part, Hyper)]
        if not hypers:
            raise TypeError(f"{cls.__name__}.{field.name} has no Hyper; annotate it with one")
        base, *metadata = get_args(hint)
        others = tuple(part for part in metadata if not isinstance(part, Hyper))
        wire_type = Annotated[(base, *others)] if others else base
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        fields.append(HyperField(field.name, get_origin(base) or base, wire_type, default, hypers[0]))
    return tuple(fields)
