"""Rastrigin's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, diagonal


@dataclass(frozen=True, kw_only=True)
class Rastrigin(Function):
    """A bowl with a deep ripple: local minima near all points of whole numbers.

    Rule: f(x) = 10 n + sum of x_i^2 - 10 cos(2 pi x_i)

    Source: Rastrigin 1974; in n dimensions Mühlenbein, Schomisch & Born 1991,
    doi:10.1016/S0167-8191(05)80052-3; https://www.sfu.ca/~ssurjano/rastr.html.
    """

    kind: ClassVar[str] = "rastrigin"
    domain: ClassVar[tuple[float, float]] = (-5.12, 5.12)

    def default_start(self, dimension: int) -> Point:
        """Return evenly spaced numbers from -3.4 to 2.7, several minima away from the best."""
        return np.linspace(-3.4, 2.7, dimension)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and the origin."""
        return 0.0, np.zeros(dimension)

    def value(self, x: Array) -> Array:
        """Return the sum of x^2 + 20 sin(pi x)^2, a form that is exact for small values."""
        terms = x * np.pi
        np.sin(terms, out=terms)
        np.multiply(terms, terms, out=terms)
        np.multiply(terms, 20, out=terms)
        np.add(terms, x * x, out=terms)
        total: Array = np.add.reduce(terms, axis=1)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write 2 x + 20 pi sin(2 pi x)."""
        waves = x * (2 * np.pi)
        np.sin(waves, out=waves)
        np.multiply(waves, 20 * np.pi, out=waves)
        np.multiply(x, 2, out=out)
        np.add(out, waves, out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 2 + 40 pi^2 cos(2 pi x) on the diagonal."""
        return diagonal(2 + 40 * np.pi**2 * np.cos(2 * np.pi * x))
