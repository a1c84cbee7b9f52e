"""An ill-conditioned quadratic bowl."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function

_CONDITION = 100.0  # largest curvature over the smallest


@dataclass(frozen=True, kw_only=True)
class Quadratic(Function):
    """A bowl whose curvatures spread over two decades.

    Rule: f(x) = 0.5 sum of a_i x_i^2, a_i spaced evenly in the logarithm from 1 to 100

    Source: Nesterov 2004, doi:10.1007/978-1-4419-8853-9, Section 2.1 (strongly convex, condition 100).
    """

    kind: ClassVar[str] = "quadratic"
    domain: ClassVar[tuple[float, float]] = (-2.0, 2.0)
    hessian_dimension: ClassVar[int] = 1000

    def default_start(self, dimension: int) -> NDArray[np.float64]:
        """Return all ones."""
        return np.ones(dimension)

    def optimum(self, dimension: int) -> tuple[float, NDArray[np.float64]]:
        """Return 0 and the origin."""
        return 0.0, np.zeros(dimension)

    def value(self, x: Array) -> Array:
        """Return half the weighted sum of squares."""
        terms = x * x
        np.multiply(terms, _curvatures(x.shape[1], x.dtype), out=terms)
        total: Array = np.add.reduce(terms, axis=1)
        np.multiply(total, 0.5, out=total)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write each parameter times its curvature."""
        np.multiply(x, _curvatures(x.shape[1], x.dtype), out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the curvatures on the diagonal, the same everywhere."""
        curvatures = np.diag(np.geomspace(1.0, _CONDITION, x.shape[1]))
        return np.repeat(curvatures[np.newaxis], len(x), axis=0)


@cache
def _curvatures(dimension: int, dtype: np.dtype[Any]) -> Array:
    """Return the curvatures a_i: (D,)."""
    return np.geomspace(1.0, _CONDITION, dimension).astype(dtype)
