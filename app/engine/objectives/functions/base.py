"""What every test function is: a value and a gradient for a batch of points."""

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

    Rows never meet: reductions run along the last axis of C-ordered arrays only, and transcendental
    functions take contiguous arrays, so that a point's value has the same bits whatever other points stand
    beside it.
    """

    minimum_dimension: ClassVar[int] = 1
    maximum_dimension: ClassVar[int | None] = None
    default_dimension: ClassVar[int] = 2
    bounded_below: ClassVar[bool] = True  # whether there is a least value; else `optimum` is None
    domain: ClassVar[tuple[float, float]]  # of each parameter: where the literature looks at the function
    # Up to this dimension it gives its Hessian, which by differences costs two gradients a parameter.
    hessian_dimension: ClassVar[int] = 50

    @abstractmethod
    def default_start(self, dimension: int) -> Point:
        """Where a run starts unless the job says otherwise: (D,)."""

    @abstractmethod
    def optimum(self, dimension: int) -> tuple[float, Point] | None:
        """The least value, and a point that has it at the first step: (D,). None if not `bounded_below`."""

    @abstractmethod
    def value(self, x: Array) -> Array:
        """Values at the rows of x, (B, D): (B,), in the dtype of x."""

    @abstractmethod
    def gradient(self, x: Array, out: Array) -> None:
        """Writes the gradients at the rows of x into out, (B, D), another array than x."""

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Hessians at the rows of x, (B, D): (B, D, D), by central differences of the gradient."""
        rows, dimension = x.shape
        # The step that balances the error of the difference against that of rounding.
        steps = np.cbrt(np.finfo(np.float64).eps) * np.maximum(1.0, np.abs(x))
        found = np.empty((rows, dimension, dimension))
        above, below = np.empty_like(x), np.empty_like(x)
        for i in range(dimension):
            shifted = x.copy()
            shifted[:, i] += steps[:, i]
            self.gradient(shifted, above)
            width = shifted[:, i].copy()
            shifted[:, i] = x[:, i] - steps[:, i]
            self.gradient(shifted, below)
            width -= shifted[:, i]  # as it was rounded
            found[:, i] = (above - below) / width[:, np.newaxis]
        return np.asarray(0.5 * (found + found.transpose(0, 2, 1)))

    def frequencies(self, dimension: int) -> Point | None:
        """How often each parameter has a gradient, as a probability: (D,). None: at every step.

        At the other steps its gradient is zero, noise included. All rows of a replicate share the draws.
        """
        return None

    def centres(self, first: int, steps: int, dimension: int) -> NDArray[np.float64] | None:
        """Where the origin of the function lies at steps first, first + 1, ...: (S, D). None: it stays.

        Only for functions whose Hessian is the same everywhere.
        """
        return None

    @classmethod
    def wrong_dimension(cls, dimension: int) -> str | None:
        """Why the function is not defined in that many dimensions, and the way out; None where it is."""
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
        """ValueError where the function is not defined in that many dimensions."""
        wrong = self.wrong_dimension(dimension)
        if wrong is not None:
            raise ValueError(wrong)


def diagonal(curvatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Hessians of a sum over parameters, (B, D, D), from the second derivatives, (B, D)."""
    rows, dimension = curvatures.shape
    found = np.zeros((rows, dimension, dimension))
    np.einsum("bii->bi", found)[...] = curvatures
    return found


def symmetric(
    first: NDArray[np.float64], mixed: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Hessians in two dimensions, (B, 2, 2), from their three distinct entries, (B,) each."""
    found = np.empty((len(first), 2, 2))
    found[:, 0, 0], found[:, 1, 1] = first, second
    found[:, 0, 1] = found[:, 1, 0] = mixed
    return found
