"""Beale's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, symmetric


@dataclass(frozen=True, kw_only=True)
class Beale(Function):
    """A flat valley between sharp peaks at the corners.

    Rule: f(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2

    Source: Beale 1958; Moré, Garbow & Hillstrom 1981, doi:10.1145/355934.355936, No. 5; start (1, 1).
    """

    kind: ClassVar[str] = "beale"
    minimum_dimension: ClassVar[int] = 2
    maximum_dimension: ClassVar[int | None] = 2
    domain: ClassVar[tuple[float, float]] = (-4.5, 4.5)

    def default_start(self, dimension: int) -> Point:
        """Return (1, 1)."""
        return np.ones(2)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and (3, 0.5)."""
        return 0.0, np.array([3.0, 0.5])

    def value(self, x: Array) -> Array:
        """Return the sum of three squares."""
        first, second, third = _terms(x)
        total: Array = first * first + second * second + third * third
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write the sums over the terms t = c - x + x y^k: 2 t (y^k - 1) for x, 2 t k x y^(k - 1) for y."""
        first, second, third = _terms(x)
        a, b = x[:, 0], x[:, 1]
        square = b * b
        out[:, 0] = 2 * (first * (b - 1) + second * (square - 1) + third * (square * b - 1))
        out[:, 1] = 2 * a * (first + 2 * b * second + 3 * square * third)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over the terms t of 2 (t' t'^T + t t''), t' the gradient, t'' the Hessian."""
        first, second, third = _terms(x)
        a, b = x[:, 0], x[:, 1]
        square = b * b
        by_x = np.stack([b - 1, square - 1, square * b - 1])
        by_y = np.stack([a, 2 * a * b, 3 * a * square])
        mixed = _products(by_x, by_y) + first + 2 * b * second + 3 * square * third
        of_y = _products(by_y, by_y) + 2 * a * second + 6 * a * b * third
        return symmetric(2 * _products(by_x, by_x), 2 * mixed, 2 * of_y)


def _products(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of products over the three terms: (3, B) each to (B,)."""
    terms = left * right
    return np.asarray(terms[0] + terms[1] + terms[2])


def _terms(x: Array) -> tuple[Array, Array, Array]:
    """Return the terms of the rule, (B,) each."""
    a, b = x[:, 0], x[:, 1]
    power = a * b
    first = 1.5 - a + power
    power = power * b
    second = 2.25 - a + power
    return first, second, 2.625 - a + power * b
