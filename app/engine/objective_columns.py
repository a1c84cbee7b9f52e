"""The hyperparameters of an objective in which the runs of a batch differ, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# By name, such as "l2", "model.dropout" or "loss.label_smoothing": each (B, 1) float64.
Settings: TypeAlias = Mapping[str, NDArray[np.float64]]


def mask_slices(mask: NDArray[np.bool_]) -> list[slice]:
    """Return the slices of consecutive rows where a mask, (B,), is true, first to last.

    A term that only some rows have is computed on these slices alone. Adding the term as zero to the other
    rows could turn -0 into 0, or an infinity into nan. A row's bits would then depend on its neighbours.
    """
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return [slice(int(low), int(high)) for low, high in list(pairwise(edges))[::2]]
