"""The Rosenbrock function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, diagonal

# Largest dimension for which the points are copied in column order: a column of rows this short costs three
# times as much as a contiguous one.
_MAX_COLUMN_ORDER_DIMENSION = 16


@dataclass(frozen=True, kw_only=True)
class Rosenbrock(Function):
    """A curved, flat valley with steep walls.

    Rule: f(x) = sum over adjacent pairs of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2

    Source: Rosenbrock 1960, doi:10.1093/comjnl/3.3.175; start (-1.2, 1), repeated in more dimensions.
    """

    kind: ClassVar[str] = "rosenbrock"
    domain: ClassVar[tuple[float, float]] = (-2.048, 2.048)
    minimum_dimension: ClassVar[int] = 2

    def default_start(self, dimension: int) -> NDArray[np.float64]:
        """Return -1.2 and 1 in turn."""
        return np.where(np.arange(dimension) % 2 == 0, -1.2, 1.0)

    def optimum(self, dimension: int) -> tuple[float, NDArray[np.float64]]:
        """Return 0 and all ones."""
        return 0.0, np.ones(dimension)

    def value(self, x: Array) -> Array:
        """Return the sum over adjacent pairs."""
        a = x[:, :-1]
        wall = a * a
        np.subtract(x[:, 1:], wall, out=wall)
        np.multiply(wall, wall, out=wall)
        np.multiply(wall, 100, out=wall)
        floor = 1 - a
        np.multiply(floor, floor, out=floor)
        np.add(wall, floor, out=wall)
        total: Array = wall[:, 0] if wall.shape[1] == 1 else np.add.reduce(wall, axis=1)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write, for each pair, 200 (b - a^2) for b, and -2 (a 200 (b - a^2) + 1 - a) for a."""
        if x.shape[1] > _MAX_COLUMN_ORDER_DIMENSION:
            _fill(x, out)
            return
        columns = np.asfortranarray(x)
        slopes = np.empty_like(columns)
        _fill(columns, slopes)
        out[...] = slopes

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return, for each pair, 1200 a^2 - 400 b + 2 for a, 200 for b, and -400 a between them."""
        a, b = x[:, :-1], x[:, 1:]
        curvatures = np.zeros_like(x)
        curvatures[:, :-1] = 1200 * a * a - 400 * b + 2
        curvatures[:, 1:] += 200
        hessians = diagonal(curvatures)
        first = np.arange(x.shape[1] - 1)
        hessians[:, first, first + 1] = hessians[:, first + 1, first] = -400 * a
        return hessians


def _fill(x: Array, out: Array) -> None:
    """Write the gradients element by element; x and out may lie in either memory order."""
    a, head, tail = x[:, :-1], out[:, :-1], out[:, 1:]
    wall = a * a
    np.subtract(x[:, 1:], wall, out=wall)
    np.multiply(wall, 200, out=wall)
    slope = a * wall
    np.subtract(slope, a, out=slope)
    np.add(slope, 1, out=slope)
    np.multiply(slope, -2, out=head)
    if x.shape[1] == 2:
        tail[...] = wall
    else:
        out[:, -1] = 0
        np.add(tail, wall, out=tail)
