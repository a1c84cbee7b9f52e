"""Himmelblau's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, symmetric


@dataclass(frozen=True, kw_only=True)
class Himmelblau(Function):
    """Four minima of equal value around a hill.

    Rule: f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2, zero at (3, 2), (-2.805, 3.131), (-3.779, -3.283) and
    (3.584, -1.848)

    Source: Himmelblau 1972, Applied Nonlinear Programming, McGraw-Hill, ISBN 978-0-07-028921-5.
    """

    kind: ClassVar[str] = "himmelblau"
    minimum_dimension: ClassVar[int] = 2
    maximum_dimension: ClassVar[int | None] = 2
    domain: ClassVar[tuple[float, float]] = (-5.0, 5.0)

    def default_start(self, dimension: int) -> Point:
        """Return the origin, near the top of the hill: the first steps decide which minimum a run finds."""
        return np.zeros(2)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and (3, 2), one of four minima."""
        return 0.0, np.array([3.0, 2.0])

    def value(self, x: Array) -> Array:
        """Return the sum of two squares."""
        first, second = _terms(x)
        total: Array = first * first + second * second
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write 4 x first + 2 second and 2 first + 4 y second, with the terms of the rule."""
        first, second = _terms(x)
        out[:, 0] = 4 * x[:, 0] * first + 2 * second
        out[:, 1] = 2 * first + 4 * x[:, 1] * second

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 12 x^2 + 4 y - 42 and 12 y^2 + 4 x - 26 on the diagonal, and 4 (x + y) beside it."""
        a, b = x[:, 0], x[:, 1]
        return symmetric(12 * a * a + 4 * b - 42, 4 * (a + b), 12 * b * b + 4 * a - 26)


def _terms(x: Array) -> tuple[Array, Array]:
    """Return the terms of the rule, (B,) each."""
    a, b = x[:, 0], x[:, 1]
    return a * a + b - 11, a + b * b - 7
