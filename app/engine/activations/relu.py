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
        """Unlike a mask of the sign bit it lets nan through, which divergence must show."""
        np.maximum(z, _filled(z.shape[1:], z.dtype, 0), out=z)

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Clears the deltas of dead units.

        a is never negative: as an integer it is 0 where the unit is dead, at least 1 where it lives, and the
        lesser of it and 1 is the derivative. As integers of the same width that is two passes; a `where`
        would take ten times as long.
        """
        integers = np.int32 if a.itemsize == 4 else np.int64
        bits, masked = a.view(integers), delta.view(integers)
        np.minimum(bits, _filled(bits.shape[1:], bits.dtype, 1), out=bits)
        np.multiply(masked, bits, out=masked)


@lru_cache(maxsize=16)
def _filled(shape: tuple[int, ...], dtype: np.dtype[Any], value: int) -> NDArray[Any]:
    """One number as an array: as a scalar it would keep NumPy from the vector units here."""
    return np.full(shape, value, dtype=dtype)
