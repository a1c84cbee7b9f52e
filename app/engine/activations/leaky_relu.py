"""The leaky rectified linear unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.activations.base import Activation
from app.engine.arrays import Array

_NEGATIVE_SLOPE = 0.01


@dataclass(frozen=True, kw_only=True)
class LeakyReLU(Activation):
    """The positive part, and a hundredth of the negative part.

    Rule: a = max(z, 0.01 z); the derivative at 0 is 0.01

    Source: Maas, Hannun & Ng 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models (ICML
    workshop); the slope is the default of `torch.nn.LeakyReLU`.
    """

    kind: ClassVar[str] = "leaky_relu"
    scratch: ClassVar[int] = 1
    keeps_slope: ClassVar[bool] = True

    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Write the larger of z and 0.01 z into z."""
        (line,) = work
        np.multiply(z, _NEGATIVE_SLOPE, out=line)
        np.maximum(z, line, out=z)

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Scale the deltas of activations that are not positive.

        The choice uses the sign bit, as `relu` does: on integers of the same width, delta ^ ((delta ^ scaled)
        & mask).
        """
        assert slope is not None
        width = a.dtype.itemsize
        np.multiply(delta, _NEGATIVE_SLOPE, out=slope)
        mask, scaled, deltas = (array.view(f"i{width}") for array in (a, slope, delta))
        np.bitwise_xor(deltas, scaled, out=deltas)
        np.negative(mask, out=mask)  # sets the sign bit for positive numbers only
        np.right_shift(mask, 8 * width - 1, out=mask)
        np.bitwise_and(deltas, mask, out=deltas)
        np.bitwise_xor(deltas, scaled, out=deltas)
