"""Reads the built-in datasets from the file that ships with the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.data.catalogue import DATASETS


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset in memory; the arrays are shared between callers and read-only."""

    inputs: NDArray[np.float64]  # (N, F)
    targets: NDArray[Any]  # (N,): classes from 0, int64; or numbers, float64
    classes: int | None  # None for a regression


@cache
def load(name: str) -> Data:
    """A built-in dataset by name; read once. KeyError names the datasets there are."""
    if name not in DATASETS:
        raise KeyError(f"{name!r} is no dataset; choose one of: {', '.join(DATASETS)}")
    classes = DATASETS[name].classes
    with (resources.files("app.data") / "builtin.npz").open("rb") as file, np.load(file) as arrays:
        inputs = arrays[f"{name}_inputs"].astype(np.float64)
        targets = arrays[f"{name}_targets"].astype(np.float64 if classes is None else np.int64)
    inputs.flags.writeable = False
    targets.flags.writeable = False
    return Data(inputs, targets, classes)
