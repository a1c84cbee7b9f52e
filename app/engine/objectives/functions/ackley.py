"""Ackley's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, diagonal

_MIN_ROOT = 1e-18  # keeps x / root at zero for x = 0, the origin


@dataclass(frozen=True, kw_only=True)
class Ackley(Function):
    """A nearly flat plain with a ripple, and a steep hole at the origin.

    Rule: f(x) = 20 (1 - exp(-0.2 sqrt(mean of x_i^2))) + e - exp(mean of cos(2 pi x_i))

    Source: Ackley 1987, doi:10.1007/978-1-4613-1997-9; in n dimensions Bäck 1996, ISBN 978-0-19-509971-3;
    https://www.sfu.ca/~ssurjano/ackley.html. The gradient at the origin, a kink, is taken as zero.
    """

    kind: ClassVar[str] = "ackley"
    domain: ClassVar[tuple[float, float]] = (-32.768, 32.768)

    def default_start(self, dimension: int) -> Point:
        """Return evenly spaced numbers from -3.4 to 2.7, a few ripples from the hole."""
        return np.linspace(-3.4, 2.7, dimension)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and the origin."""
        return 0.0, np.zeros(dimension)

    def value(self, x: Array) -> Array:
        """Return the values, by differences from one, which are exact for small values of the function."""
        hole, ripple = _exponents(x)
        total: Array = -20 * np.expm1(hole) - np.e * np.expm1(ripple)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write 4 exp(hole) x / (n r) + 2 pi e exp(ripple) sin(2 pi x) / n, r the root of the mean square."""
        dimension = x.shape[1]
        hole, ripple = _exponents(x)
        root = np.maximum(-5 * hole, _MIN_ROOT)
        pull = np.exp(hole) / root * (4 / dimension)
        swing = np.exp(ripple) * (2 * np.pi * np.e / dimension)
        waves = x * (2 * np.pi)
        np.sin(waves, out=waves)
        np.multiply(waves, swing[:, np.newaxis], out=waves)
        np.multiply(x, pull[:, np.newaxis], out=out)
        np.add(out, waves, out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a diagonal less an outer product for each term.

        The step of a central difference could cross a ripple.
        """
        dimension = x.shape[1]
        hole, ripple = (exponent[:, np.newaxis] for exponent in _exponents(x))
        root = np.maximum(-5 * hole, _MIN_ROOT)
        pull = np.exp(hole) / root * (4 / dimension)
        swing = np.exp(ripple) * (2 * np.pi * np.e / dimension)
        angles = 2 * np.pi * x
        unit, waves = x / root, np.sin(angles)
        inward = pull * (1 + 0.2 * root) / dimension
        outer = unit[:, :, np.newaxis] * unit[:, np.newaxis] * inward[..., np.newaxis]
        products = waves[:, :, np.newaxis] * waves[:, np.newaxis]
        outer += products * (2 * np.pi / dimension * swing)[..., np.newaxis]
        return np.asarray(diagonal(pull + 2 * np.pi * swing * np.cos(angles)) - outer)


def _exponents(x: Array) -> tuple[Array, Array]:
    """Return -0.2 sqrt(mean of x^2), and mean of cos(2 pi x) - 1 as -2 sin(pi x)^2: (B,) each."""
    dimension = x.shape[1]
    squares = x * x
    hole = np.sqrt(np.add.reduce(squares, axis=1) * (1 / dimension)) * -0.2
    np.multiply(x, np.pi, out=squares)
    np.sin(squares, out=squares)
    np.multiply(squares, squares, out=squares)
    return hole, np.add.reduce(squares, axis=1) * (-2 / dimension)
