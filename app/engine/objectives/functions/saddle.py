"""A saddle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.functions.base import Function, Point, diagonal


@dataclass(frozen=True, kw_only=True)
class Saddle(Function):
    """A pass between hills that falls without end on both sides: an early escape gives a lower value.

    Rule: f(x) = x_1^2 - x_2^2 + x_3^2 - x_4^2 + ... The function has no least value: the value of a run says
    how far the run fell within its steps. Give a run few steps: below -1e12 times its first loss (or 1) the
    run has diverged.

    Source: Dauphin et al. 2014, arXiv:1406.2572; Zhang et al., Dive into Deep Learning, arXiv:2106.11342,
    Section 12.1.
    """

    kind: ClassVar[str] = "saddle"
    bounded_below: ClassVar[bool] = False
    minimum_dimension: ClassVar[int] = 2
    domain: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def default_start(self, dimension: int) -> Point:
        """Return 1 and 0.001 in turn: gradient descent comes close to the saddle before it falls."""
        return np.where(np.arange(dimension) % 2 == 0, 1.0, 1e-3)

    def optimum(self, dimension: int) -> None:
        """Return None: the function is unbounded below."""
        return

    def value(self, x: Array) -> Array:
        """Return the sum of squares, every other one negative."""
        terms = x * x
        np.multiply(terms, _signs(x.shape[1], x.dtype), out=terms)
        total: Array = np.add.reduce(terms, axis=1)
        return total

    def gradient(self, x: Array, out: Array) -> None:
        """Write twice each parameter, with its sign."""
        np.multiply(x, 2 * _signs(x.shape[1], x.dtype), out=out)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 2 and -2 in turn on the diagonal, the same everywhere."""
        return diagonal(np.broadcast_to(2 * _signs(x.shape[1], x.dtype), x.shape))


@cache
def _signs(dimension: int, dtype: np.dtype[Any]) -> Array:
    """Return 1 and -1 in turn: (D,)."""
    return np.where(np.arange(dimension) % 2 == 0, 1.0, -1.0).astype(dtype)
