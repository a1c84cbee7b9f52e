"""What a dataset is: its entry in the catalogue, and its arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The catalogue entry of a dataset.

    summary: one sentence. rule: the formula of a generated one, else None. source: origin, reference and
    licence. objective: the kind of objective that takes it. classes: None where the targets are numbers.
    """

    name: str
    summary: str
    rule: str | None = None
    source: str
    objective: str
    rows: int
    features: int
    classes: int | None


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset in memory; the arrays are shared between callers and read-only."""

    inputs: NDArray[np.float64]  # (N, F)
    targets: NDArray[Any]  # (N,): classes from 0, int64; or numbers, float64
    classes: int | None  # None for a regression

    def __post_init__(self) -> None:
        self.inputs.flags.writeable = False
        self.targets.flags.writeable = False
