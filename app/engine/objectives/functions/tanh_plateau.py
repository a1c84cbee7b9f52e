"""A plateau of saturated units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, diagonal


@dataclass(frozen=True, kw_only=True)
class TanhPlateau(Function):
    """A narrow pit in a plain on which gradients vanish, as in a network with saturated units.

    Rule: f(x) = sum of tanh(x_i)^2; its gradient 2 tanh(x) / cosh(x)^2 is at most 0.77, and 0.0027 at 4

    Source: Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html (saturation); the square of
    the example of Zhang et al., Dive into Deep Learning, arXiv:2106.11342, Section 12.1, so that it has a
    minimum.
    """

    kind: ClassVar[str] = "tanh_plateau"
    domain: ClassVar[tuple[float, float]] = (-5.0, 5.0)

    def default_start(self, dimension: int) -> Point:
        """Return 4 everywhere, on the plateau."""
        return np.full(dimension, 4.0)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and the origin."""
        return 0.0, np.zeros(dimension)

    def value(self, x: Array) -> Array:
        """Return the sum of squares."""
        terms = np.tanh(x)
        np.multiply(terms, terms, out=terms)
        total: Array = np.add.reduce(terms, axis=1)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write 8 tanh(x) e / (1 + e)^2 with e = exp(-2 |x|), in which nothing cancels on the plateau."""
        decay = np.abs(x)
        np.multiply(decay, -2, out=decay)
        np.exp(decay, out=decay)
        np.tanh(x, out=out)
        np.multiply(out, 8, out=out)
        np.multiply(out, decay, out=out)
        np.add(decay, 1, out=decay)
        np.multiply(decay, decay, out=decay)
        np.divide(out, decay, out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 2 (1 - t^2) (1 - 3 t^2) on the diagonal, t = tanh(x), with 1 - t^2 free of cancellation."""
        decay = np.exp(-2 * np.abs(x))
        slopes = 4 * decay / (1 + decay) ** 2
        return diagonal(2 * slopes * (3 * slopes - 2))
