"""Booth's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point

_HESSIAN = np.array([[10.0, 8.0], [8.0, 10.0]])


@dataclass(frozen=True, kw_only=True)
class Booth(Function):
    """A tilted bowl, in which the two parameters are coupled (condition 9).

    Rule: f(x, y) = (x + 2 y - 7)^2 + (2 x + y - 5)^2

    Source: Jamil & Yang 2013, arXiv:1308.4008; Surjanovic & Bingham, Virtual Library of Simulation
    Experiments, https://www.sfu.ca/~ssurjano/booth.html.
    """

    kind: ClassVar[str] = "booth"
    minimum_dimension: ClassVar[int] = 2
    maximum_dimension: ClassVar[int | None] = 2
    domain: ClassVar[tuple[float, float]] = (-10.0, 10.0)

    def default_start(self, dimension: int) -> Point:
        """Return (-5, 8): across the valley, and up along it."""
        return np.array([-5.0, 8.0])

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and (1, 3)."""
        return 0.0, np.array([1.0, 3.0])

    def value(self, x: Array) -> Array:
        """Return the sum of two squares."""
        first, second = _terms(x)
        total: Array = first * first + second * second
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write the gradient, linear in both parameters."""
        first, second = _terms(x)
        out[:, 0] = 2 * first + 4 * second
        out[:, 1] = 4 * first + 2 * second

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Hessian, the same everywhere."""
        return np.repeat(_HESSIAN[np.newaxis], len(x), axis=0)


def _terms(x: Array) -> tuple[Array, Array]:
    """Return the terms of the rule, (B,) each."""
    a, b = x[:, 0], x[:, 1]
    return a + 2 * b - 7, 2 * a + b - 5
