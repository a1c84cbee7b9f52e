"""The array types of the engine; axes are fixed: B runs, T steps, D parameters."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# float32 or float64; all arrays of a batch have the same one of the two.
Array: TypeAlias = NDArray[np.floating[Any]]
Column: TypeAlias = NDArray[np.float64]  # (B, 1)
# The memory of an optimizer; every array has B as its first axis, so that rows can be dropped.
State: TypeAlias = dict[str, Array]


def allocate(*parts: tuple[tuple[int, ...], type]) -> list[NDArray[Any]]:
    """Return uninitialised arrays, each of a given shape and dtype, in one allocation.

    parts: (shape, dtype) pairs, wider dtypes first; this order keeps all arrays aligned.
    The allocator keeps one large piece of memory for the next batch, but returns several pieces to the
    system. The first touch of fresh pages costs more than filling them.
    """
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in parts]
    memory = np.empty(sum(sizes), dtype=np.uint8)
    pieces = np.split(memory, np.cumsum(sizes)[:-1])
    return [piece.view(dtype).reshape(shape) for piece, (shape, dtype) in zip(pieces, parts, strict=True)]
