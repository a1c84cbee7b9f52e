"""The array types of the engine. Axes are fixed: B runs, T steps, D parameters."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# float32 or float64, one of the two throughout a batch.
Array: TypeAlias = NDArray[np.floating[Any]]
Column: TypeAlias = NDArray[np.float64]  # (B, 1)
# What an optimizer remembers; every array has B as its first axis, so that rows can be dropped.
State: TypeAlias = dict[str, Array]


def allocate(*parts: tuple[tuple[int, ...], type]) -> list[NDArray[Any]]:
    """Uninitialised arrays, each of a shape and a dtype, in one allocation.

    Those of wider dtypes come first, which keeps all of them aligned.
    The allocator keeps one large piece of memory for the next batch, but gives several back, and the first
    touch of their pages would cost more than to fill them.
    """
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in parts]
    memory = np.empty(sum(sizes), dtype=np.uint8)
    pieces = np.split(memory, np.cumsum(sizes)[:-1])
    return [piece.view(dtype).reshape(shape) for piece, (shape, dtype) in zip(pieces, parts, strict=True)]
