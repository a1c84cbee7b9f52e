"""Stacks many instances of one kind into a single instance whose fields are columns.

The update rules are written once, for scalars; a stacked instance broadcasts them over a batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.engine.registry import Kind

K = TypeVar("K", bound=Kind)


def stack(instances: Sequence[K], width: int = 1) -> K:
    """Return one instance of the same class whose every field is a (B, width) array, row i from instance i.

    Numbers become float64 in either precision of the run: coefficients such as 1 - beta2 are computed in
    double and cast once. Truth values become bool, names and lists object arrays. A column repeated to
    `width` broadcasts to the same numbers, and is faster for short rows.
    """
    cls = type(instances[0])
    if any(type(instance) is not cls for instance in instances):
        names = sorted({type(instance).__name__ for instance in instances})
        raise TypeError(f"stack wants instances of one class, got {', '.join(names)}")
    columns: dict[str, NDArray[Any]] = {}  # Any: numbers, truth values, names or lists
    for field in dataclasses.fields(cls):
        values = [getattr(instance, field.name) for instance in instances]
        # One entry per row; a list is one entry, whatever its length.
        column = np.fromiter(values, dtype=_column_dtype(values[0]), count=len(values))
        columns[field.name] = np.repeat(column[:, np.newaxis], width, axis=1)
    # The fields hold arrays from here on; formulas broadcast over scalars and arrays alike.
    return cls(**columns)


def select(stacked: K, rows: NDArray[Any]) -> K:
    """Return the stacked instance of some rows: a mask or indices, (b,)."""
    columns = {field.name: getattr(stacked, field.name)[rows] for field in dataclasses.fields(stacked)}
    return type(stacked)(**columns)


def concatenate(stacked: Sequence[K]) -> K:
    """Return the stacked instance of the rows of all parts, in order."""
    cls = type(stacked[0])
    names = [field.name for field in dataclasses.fields(cls)]
    return cls(**{name: np.concatenate([getattr(part, name) for part in stacked]) for name in names})


def _column_dtype(value: object) -> type[Any]:
    if isinstance(value, bool):
        return np.bool_
    return object if isinstance(value, (str, tuple, list)) else np.float64
