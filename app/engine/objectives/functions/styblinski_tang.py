"""The Styblinski-Tang function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, diagonal

# The smallest root of 4 x^3 - 32 x + 5, and half the quartic at this root.
_MINIMUM, _LEAST_VALUE = -2.903534027771177, -39.16616570377141


@dataclass(frozen=True, kw_only=True)
class StyblinskiTang(Function):
    """Two basins for each parameter, the farther one deeper.

    Rule: f(x) = 0.5 sum of x_i^4 - 16 x_i^2 + 5 x_i

    Source: Styblinski & Tang 1990, doi:10.1016/0893-6080(90)90029-K.
    """

    kind: ClassVar[str] = "styblinski_tang"
    domain: ClassVar[tuple[float, float]] = (-5.0, 5.0)

    def default_start(self, dimension: int) -> Point:
        """Return 4.5 everywhere, on the outer wall of the shallow basin.

        Momentum carries a run over the hill into the deep basin.
        """
        return np.full(dimension, 4.5)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return about -39.166 per parameter, at -2.9035 everywhere."""
        return _LEAST_VALUE * dimension, np.full(dimension, _MINIMUM)

    def value(self, x: Array) -> Array:
        """Return the sum of ((x^2 - 16) x + 5) x / 2."""
        terms = x * x
        np.subtract(terms, 16, out=terms)
        np.multiply(terms, x, out=terms)
        np.add(terms, 5, out=terms)
        np.multiply(terms, x, out=terms)
        total: Array = np.add.reduce(terms, axis=1)
        np.multiply(total, 0.5, out=total)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write (2 x^2 - 16) x + 2.5."""
        np.multiply(x, x, out=out)
        np.multiply(out, 2, out=out)
        np.subtract(out, 16, out=out)
        np.multiply(out, x, out=out)
        np.add(out, 2.5, out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 6 x^2 - 16 on the diagonal."""
        return diagonal(6 * x * x - 16)
