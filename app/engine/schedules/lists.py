"""Fields that hold a list: their values as one array, whatever the lengths of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array


def padded(lists: Sequence[float] | NDArray[Any], fill: float) -> Array:
    """One list, (m,), or a column of lists, (B, 1), as numbers: (m,) or (B, m), `fill` after short rows."""
    if not isinstance(lists, np.ndarray):
        return np.array(lists, dtype=np.float64)
    rows = [np.array(row, dtype=np.float64) for row in lists[:, 0]]
    numbers = np.full((len(rows), max(map(len, rows))), fill)
    for into, row in zip(numbers, rows, strict=True):
        into[: len(row)] = row
    return numbers


def lengths(lists: Sequence[float] | NDArray[Any]) -> Array:
    """How many values each list has: a number, or (B, 1)."""
    if not isinstance(lists, np.ndarray):
        return np.array(float(len(lists)))
    return np.array([[float(len(row))] for row in lists[:, 0]])
