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
        """The origin, near the top of the hill: which minimum a run finds depends on its first steps."""
        return np.zeros(2)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Zero, at (3, 2) among others."""
        return 0.0, np.array([3.0, 2.0])

    def value(self, x: Array) -> Array:
        """The sum of two squares."""
        first, second = _terms(x)
        total: Array = first * first + second * second
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Of each parameter: 4 x times the one term, and twice the other."""
        first, second = _terms(x)
        out[:, 0] = 4 * x[:, 0] * first + 2 * second
        out[:, 1] = 2 * first + 4 * x[:, 1] * second

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """12 x^2 + 4 y - 42, 12 y^2 + 4 x - 26, and 4 (x + y) between them."""
        a, b = x[:, 0], x[:, 1]
        return symmetric(12 * a * a + 4 * b - 42, 4 * (a + b), 12 * b * b + 4 * a - 26)


def _terms(x: Array) -> tuple[Array, Array]:
    """(B,) each"""
    a, b = x[:, 0], x[:, 1]
    return a * a + b - 11, a + b * b - 7
