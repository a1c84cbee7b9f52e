"""Builds app/data/builtin.npz from scikit-learn's copies of the built-in datasets.

For developers only: the package ships the result and needs no scikit-learn. Run it in an environment with
scikit-learn and NumPy, from the root of the checkout: python scripts/build_datasets.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets

TARGET = Path(__file__).resolve().parent.parent / "app" / "data" / "builtin.npz"

LOADERS: dict[str, Callable[[], Any]] = {
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    # The raw measurements: training standardises them, and they are exact in a small dtype.
    "diabetes": lambda: datasets.load_diabetes(scaled=False),
}


def smallest(values: np.ndarray) -> np.ndarray:
    """Return the values in the smallest dtype that holds all of them exactly."""
    for dtype in (np.uint8, np.uint16, np.float32):
        if np.array_equal(values.astype(dtype).astype(np.float64), values):
            return values.astype(dtype)
    return values.astype(np.float64)


def main() -> None:
    """Write the file and print its contents."""
    arrays: dict[str, Any] = {}  # Any: by its types, NumPy takes them for its own arguments
    for name, load in LOADERS.items():
        bunch = load()
        arrays[f"{name}_inputs"] = smallest(np.asarray(bunch.data, dtype=np.float64))
        arrays[f"{name}_targets"] = smallest(np.asarray(bunch.target, dtype=np.float64))
    np.savez_compressed(TARGET, **arrays)
    for name, array in arrays.items():
        print(f"{name}: {array.shape} {array.dtype}")
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
