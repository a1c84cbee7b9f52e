"""The rectified linear unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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
        np.maximum(z, 0, out=z)

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Clears the deltas of dead units.

        a is never negative, so the sign bit of -a, spread over the word, masks the living ones. On integers
        of the same width that is a shift and an AND; a `where` would take ten times as long.
        """
        width = a.dtype.itemsize
        bits = a.view(f"i{width}")
        np.negative(bits, out=bits)
        np.right_shift(bits, 8 * width - 1, out=bits)
        masked = delta.view(f"i{width}")
        np.bitwise_and(masked, bits, out=masked)
