"""The monkey saddle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point


@dataclass(frozen=True, kw_only=True)
class MonkeySaddle(Function):
    """A saddle with three slopes, flat to second order where they meet.

    Rule: f(x, y) = x^3 - 3 x y^2. The function has no least value: the value of a run says how far the run
    fell within its steps. The slopes steepen: on a slope, gradient descent falls below any limit and
    diverges.

    Source: Kühnel 2008, Differentialgeometrie, ISBN 978-3-8348-0411-2, p. 51.
    """

    kind: ClassVar[str] = "monkey_saddle"
    bounded_below: ClassVar[bool] = False
    minimum_dimension: ClassVar[int] = 2
    maximum_dimension: ClassVar[int | None] = 2
    domain: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def default_start(self, dimension: int) -> Point:
        """Return (1, 0.001), on the crest that leads to the saddle."""
        return np.array([1.0, 1e-3])

    def optimum(self, dimension: int) -> None:
        """Return None: the function is unbounded below."""
        return

    def value(self, x: Array) -> Array:
        """Return x (x^2 - 3 y^2)."""
        a, b = x[:, 0], x[:, 1]
        total: Array = a * (a * a - 3 * (b * b))
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write 3 (x^2 - y^2) and -6 x y."""
        a, b = x[:, 0], x[:, 1]
        out[:, 0] = 3 * (a * a - b * b)
        out[:, 1] = -6 * (a * b)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 6 x and -6 x on the diagonal, and -6 y beside it."""
        hessians = np.empty((len(x), 2, 2))
        hessians[:, 0, 0] = 6 * x[:, 0]
        hessians[:, 1, 1] = -6 * x[:, 0]
        hessians[:, 0, 1] = hessians[:, 1, 0] = -6 * x[:, 1]
        return hessians
