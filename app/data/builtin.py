"""Reads the datasets that ship with the package, from the one file that holds them."""

from __future__ import annotations

from importlib import resources

import numpy as np

from app.data.dataset import Data


def read(name: str, classes: int | None) -> Data:
    """Return the arrays of a shipped dataset. classes: None for targets that are numbers."""
    with (resources.files("app.data") / "builtin.npz").open("rb") as file, np.load(file) as arrays:
        inputs = arrays[f"{name}_inputs"].astype(np.float64)
        targets = arrays[f"{name}_targets"].astype(np.float64 if classes is None else np.int64)
    return Data(inputs, targets, classes)
