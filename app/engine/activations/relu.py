"""The rectified linear unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.activations.base import Activation
from app.engine.arrays import Array


@dataclass(frozen=True, kw_only=True)
class ReLU(Activation):
    """The positive part.

    Rule: a = max(0, z); the derivative at 0 is 0

    Source: Nair & Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines (ICML).
    """

    kind: ClassVar[str] = "relu"

    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Write max(0, z) into z; unlike a mask of the sign bit, this keeps nan, a sign of divergence."""
        np.maximum(z, _filled(z.shape[1:], z.dtype, 0), out=z)

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Set the deltas of dead units to zero.

        a is never negative: as an integer it is 0 for a dead unit and at least 1 for a live unit. The smaller
        of this integer and 1 is the derivative. On integers of the same width this takes two passes; a
        `where` would take ten times as long.
        """
        integers = np.int32 if a.itemsize == 4 else np.int64
        bits, masked = a.view(integers), delta.view(integers)
        np.minimum(bits, _filled(bits.shape[1:], bits.dtype, 1), out=bits)
        np.multiply(masked, bits, out=masked)


@lru_cache(maxsize=16)
def _filled(shape: tuple[int, ...], dtype: np.dtype[Any], value: int) -> NDArray[Any]:
    """Return one number as an array; with a scalar NumPy would not use the vector units here."""
    return np.full(shape, value, dtype=dtype)
