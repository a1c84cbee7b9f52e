"""The hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.activations.base import Activation
from app.engine.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Tanh(Activation):
    """The hyperbolic tangent.

    Rule: a = tanh(z)

    Source: LeCun, Bottou, Orr & Müller 1998, Efficient BackProp, doi:10.1007/3-540-49430-8_2, Section 4.4.
    """

    kind: ClassVar[str] = "tanh"

    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Compute the hyperbolic tangent in place."""
        np.tanh(z, out=z)

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Multiply the deltas by 1 - a^2."""
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        np.multiply(delta, a, out=delta)
