"""The sum of magnitudes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point


@dataclass(frozen=True, kw_only=True)
class AbsoluteValue(Function):
    """A kink at the minimum: the gradient does not shrink on the way, so that only a decaying rate converges.

    Rule: f(x) = sum of |x_i|, with the subgradient sign(x_i), zero at zero

    Source: Nesterov 2004, doi:10.1007/978-1-4419-8853-9, Section 3.1 (subgradients of nonsmooth functions).
    """

    kind: ClassVar[str] = "absolute_value"
    domain: ClassVar[tuple[float, float]] = (-2.0, 2.0)

    def default_start(self, dimension: int) -> Point:
        """Return sqrt(2) everywhere: no round learning rate reaches the minimum by luck."""
        return np.full(dimension, np.sqrt(2.0))

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and the origin."""
        return 0.0, np.zeros(dimension)

    def value(self, x: Array) -> Array:
        """Return the sum of magnitudes."""
        total: Array = np.add.reduce(np.abs(x), axis=1)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write the signs."""
        np.sign(x, out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return zero, which is exact off the kinks; a difference across a kink would have no meaning."""
        return np.zeros((*x.shape, x.shape[1]))
