"""The Gaussian error linear unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.activations.base import Activation
from app.engine.activations.normal_tail import DENSITY_AT_ZERO, normal_tail
from app.engine.arrays import Array


@dataclass(frozen=True, kw_only=True)
class GELU(Activation):
    """A number times the probability that a standard normal variable is smaller, in the exact form.

    Rule: a = z P(z), P(z) = (1 + erf(z / sqrt(2))) / 2

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.
    """

    kind: ClassVar[str] = "gelu"
    keeps_slope: ClassVar[bool] = True
    scratch: ClassVar[int] = 3

    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Compute z P(z), with P from the tail beyond |z|.

        The derivative is P(z) + z p(z), with p the density of the normal distribution.
        """
        tail, bell, spare = work
        normal_tail(z, tail, bell, spare)
        np.subtract(0.5, tail, out=tail)
        np.copysign(tail, z, out=tail)
        np.add(tail, 0.5, out=tail)
        if slope is not None:
            np.multiply(bell, z, out=slope)
            np.multiply(slope, DENSITY_AT_ZERO, out=slope)
            np.add(slope, tail, out=slope)
        np.multiply(z, tail, out=z)
