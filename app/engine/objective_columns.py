"""The hyperparameters of an objective in which the runs of a batch differ, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# By name, such as "l2", "model.dropout" or "loss.label_smoothing": each (B, 1) float64.
Settings: TypeAlias = Mapping[str, NDArray[np.float64]]


def stretches(mask: NDArray[np.bool_]) -> list[slice]:
    """The stretches of rows where a mask, (B,), is true, first to last.

    A term that only some rows have is computed on these: added as zero it could still turn -0 to 0, or an
    infinity to nan, and a row would notice its company.
    """
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return [slice(int(low), int(high)) for low, high in list(pairwise(edges))[::2]]
