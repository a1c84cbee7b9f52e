"""The array types of the engine. Axes are fixed: B runs, T steps, D parameters."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# float32 or float64, one of the two throughout a batch.
Array: TypeAlias = NDArray[np.floating[Any]]
Column: TypeAlias = NDArray[np.float64]  # (B, 1)
# What an optimizer remembers; every array has B as its first axis, so that rows can be dropped.
State: TypeAlias = dict[str, Array]
