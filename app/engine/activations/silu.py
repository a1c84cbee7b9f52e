"""The sigmoid-weighted linear unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.activations.base import Activation
from app.engine.arrays import Array


@dataclass(frozen=True, kw_only=True)
class SiLU(Activation):
    """A number times its sigmoid; also called swish.

    Rule: a = z / (1 + exp(-z))

    Source: Elfwing, Uchibe & Doya 2017, arXiv:1702.03118; Ramachandran, Zoph & Le 2017, arXiv:1710.05941.
    """

    kind: ClassVar[str] = "silu"
    keeps_slope: ClassVar[bool] = True
    scratch: ClassVar[int] = 1

    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Compute a = z s, with s the sigmoid; the derivative is s + a (1 - s)."""
        (s,) = work
        np.negative(z, out=s)
        np.exp(s, out=s)  # infinite below the range of the dtype; s is then zero, which is the limit
        np.add(s, 1, out=s)
        np.divide(1, s, out=s)
        np.multiply(z, s, out=z)
        if slope is not None:
            np.subtract(1, s, out=slope)
            np.multiply(slope, z, out=slope)
            np.add(slope, s, out=slope)
