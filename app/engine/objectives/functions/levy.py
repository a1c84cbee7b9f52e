"""Levy's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, diagonal


@dataclass(frozen=True, kw_only=True)
class Levy(Function):
    """A bowl with ripples that grow with the distance.

    Rule: f(x) = sin(pi w_1)^2 + sum over i < n of (w_i - 1)^2 (1 + 10 sin(pi w_i + 1)^2)
    + (w_n - 1)^2 (1 + sin(2 pi w_n)^2), w_i = 1 + (x_i - 1) / 4

    Source: Levy & Montalvo 1985, doi:10.1137/0906002; as Laguna & Martí 2005, doi:10.1007/s10898-004-1936-z;
    https://www.sfu.ca/~ssurjano/levy.html.
    """

    kind: ClassVar[str] = "levy"
    domain: ClassVar[tuple[float, float]] = (-10.0, 10.0)

    def default_start(self, dimension: int) -> Point:
        """Return evenly spaced numbers from -7 to 8."""
        return np.linspace(-7.0, 8.0, dimension)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0 and all ones."""
        return 0.0, np.ones(dimension)

    def value(self, x: Array) -> Array:
        """Return the values, computed in v = w - 1, with which all terms vanish."""
        v, waves = _arguments(x)
        np.sin(waves, out=waves)
        np.multiply(waves, waves, out=waves)
        np.multiply(waves[:, :-1], 10, out=waves[:, :-1])
        np.add(waves, 1, out=waves)
        np.multiply(waves, v, out=waves)
        np.multiply(waves, v, out=waves)
        first = np.sin(v[:, 0] * np.pi)
        total: Array = np.add.reduce(waves, axis=1) + first * first
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write a quarter of 2 v (1 + c sin(u)^2) + c u' v^2 sin(2 u), and for term 1 pi sin(2 pi v)."""
        v, waves = _arguments(x)
        np.sin(waves, out=out)
        np.multiply(out, out, out=out)
        np.multiply(out[:, :-1], 10, out=out[:, :-1])
        np.add(out, 1, out=out)
        np.multiply(out, 2, out=out)
        np.multiply(waves, 2, out=waves)
        np.sin(waves, out=waves)
        np.multiply(waves[:, :-1], 10 * np.pi, out=waves[:, :-1])
        np.multiply(waves[:, -1], 2 * np.pi, out=waves[:, -1])
        np.multiply(waves, v, out=waves)
        np.add(out, waves, out=out)
        np.multiply(out, v, out=out)
        out[:, 0] += np.pi * np.sin(v[:, 0] * (2 * np.pi))
        np.multiply(out, 0.25, out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return diagonal Hessians: a sixteenth of the second derivatives by v.

        The derivatives are 2 (1 + c sin(u)^2) + 4 c u' v sin(2 u) + 2 c u'^2 v^2 cos(2 u), and for the first
        term also 2 pi^2 cos(2 pi v).
        """
        v, waves = _arguments(x)
        heights, slopes = np.full(x.shape[1], 10.0), np.full(x.shape[1], np.pi)
        heights[-1], slopes[-1] = 1.0, 2 * np.pi
        sines = np.sin(waves)
        np.multiply(waves, 2, out=waves)
        curvatures = 2 * (1 + heights * sines * sines)
        curvatures += 4 * heights * slopes * v * np.sin(waves)
        curvatures += 2 * heights * slopes * slopes * v * v * np.cos(waves)
        curvatures[:, 0] += 2 * np.pi**2 * np.cos(v[:, 0] * (2 * np.pi))
        return diagonal(curvatures / 16)


def _arguments(x: Array) -> tuple[Array, Array]:
    """Return v = (x - 1) / 4, and the sines' arguments: pi v + 1, and 2 pi v in the last term."""
    v = x - 1
    np.multiply(v, 0.25, out=v)
    waves = v * np.pi
    np.add(waves[:, :-1], 1, out=waves[:, :-1])
    np.multiply(waves[:, -1], 2, out=waves[:, -1])
    return v, waves
