"""Fields that hold a list, as one array for rows of any lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array


def padded(lists: Sequence[float] | NDArray[Any], fill: float) -> Array:
    """Return one list, (m,), or a column of lists, (B, 1), as numbers: (m,) or (B, m).

    fill: the number after the end of short rows.
    """
    if not isinstance(lists, np.ndarray):
        return np.array(lists, dtype=np.float64)
    rows = [np.array(row, dtype=np.float64) for row in lists[:, 0]]
    numbers = np.full((len(rows), max(map(len, rows))), fill)
    for target, row in zip(numbers, rows, strict=True):
        target[: len(row)] = row
    return numbers


def lengths(lists: Sequence[float] | NDArray[Any]) -> Array:
    """Return the number of values of each list: a number, or (B, 1)."""
    if not isinstance(lists, np.ndarray):
        return np.array(float(len(lists)))
    return np.array([[float(len(row))] for row in lists[:, 0]])
