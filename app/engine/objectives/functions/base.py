"""The base class of test functions: a value and a gradient for a batch of points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.registry import Kind

Point: TypeAlias = NDArray[np.float64]  # (D,)


@dataclass(frozen=True, kw_only=True)
class Function(Kind, ABC):
    """A function of D parameters, evaluated at B points at once.

    Rows do not mix: reductions run along the last axis of C-ordered arrays only, and transcendental functions
    take contiguous arrays. A point's value then has the same bits beside any other points.
    """

    minimum_dimension: ClassVar[int] = 1
    maximum_dimension: ClassVar[int | None] = None
    default_dimension: ClassVar[int] = 2
    bounded_below: ClassVar[bool] = True  # whether a least value exists; else `optimum` is None
    domain: ClassVar[tuple[float, float]]  # of each parameter, as in the literature
    # Largest dimension with a Hessian, which by differences costs two gradients per parameter.
    hessian_dimension: ClassVar[int] = 50

    @abstractmethod
    def default_start(self, dimension: int) -> Point:
        """Return the start of a run if the job names none: (D,)."""

    @abstractmethod
    def optimum(self, dimension: int) -> tuple[float, Point] | None:
        """Return the least value and a point of it at the first step, (D,); None if not `bounded_below`."""

    @abstractmethod
    def value(self, x: Array) -> Array:
        """Return the values at the rows of x, (B, D): (B,), in the dtype of x."""

    @abstractmethod
    def gradient(self, x: Array, out: Array) -> None:
        """Write the gradients at the rows of x into out, (B, D), another array than x."""

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Hessians at the rows of x, (B, D): (B, D, D), by central differences of the gradient."""
        rows, dimension = x.shape
        # This step balances the error of the difference against the rounding error.
        steps = np.cbrt(np.finfo(np.float64).eps) * np.maximum(1.0, np.abs(x))
        hessians = np.empty((rows, dimension, dimension))
        above, below = np.empty_like(x), np.empty_like(x)
        for i in range(dimension):
            shifted = x.copy()
            shifted[:, i] += steps[:, i]
            self.gradient(shifted, above)
            width = shifted[:, i].copy()
            shifted[:, i] = x[:, i] - steps[:, i]
            self.gradient(shifted, below)
            width -= shifted[:, i]  # the width after rounding
            hessians[:, i] = (above - below) / width[:, np.newaxis]
        return np.asarray(0.5 * (hessians + hessians.transpose(0, 2, 1)))

    def frequencies(self, dimension: int) -> Point | None:
        """Return the probability that a parameter has a gradient at a step, (D,); None for every step.

        At other steps the gradient is zero, noise included. All rows of a replicate share the draws.
        """
        return None

    def centres(self, first: int, steps: int, dimension: int) -> NDArray[np.float64] | None:
        """Return the position of the function's origin at steps first, first + 1, ...: (S, D).

        Returns None if the origin does not move. Only for functions whose Hessian is the same everywhere.
        """
        return None

    @classmethod
    def wrong_dimension(cls, dimension: int) -> str | None:
        """Return why the function is not defined in that dimension, and the remedy; None if it is defined."""
        least, most = cls.minimum_dimension, cls.maximum_dimension
        if least == most != dimension:
            return (
                f"{cls.kind} is a function of {most} parameters, got dimension {dimension}; set it to {most}"
            )
        if dimension < least:
            return f"{cls.kind} needs dimension >= {least}, got {dimension}; raise it"
        if most is not None and dimension > most:
            return f"{cls.kind} needs dimension <= {most}, got {dimension}; lower it"
        return None

    def check_dimension(self, dimension: int) -> None:
        """Raise ValueError if the function is not defined in that many dimensions."""
        wrong = self.wrong_dimension(dimension)
        if wrong is not None:
            raise ValueError(wrong)


def diagonal(curvatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Hessians of a sum over parameters, (B, D, D), from the second derivatives, (B, D)."""
    rows, dimension = curvatures.shape
    hessians = np.zeros((rows, dimension, dimension))
    np.einsum("bii->bi", hessians)[...] = curvatures
    return hessians


def symmetric(
    first: NDArray[np.float64], mixed: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Hessians in two dimensions, (B, 2, 2), from their three distinct entries, (B,) each."""
    hessians = np.empty((len(first), 2, 2))
    hessians[:, 0, 0], hessians[:, 1, 1] = first, second
    hessians[:, 0, 1] = hessians[:, 1, 0] = mixed
    return hessians
