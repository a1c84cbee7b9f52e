"""What every test function is: a value and a gradient for a batch of points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Function(Kind, ABC):
    """A function of D parameters, evaluated at B points at once.

    Rows never meet: reductions run along the last axis of C-ordered arrays only, so that a point's value
    has the same bits whatever other points stand beside it.
    """

    minimum_dimension: ClassVar[int] = 1
    default_dimension: ClassVar[int] = 2
    # Up to this dimension it gives its Hessian, which by differences costs two gradients a parameter.
    hessian_dimension: ClassVar[int] = 50

    @abstractmethod
    def default_start(self, dimension: int) -> NDArray[np.float64]:
        """Where a run starts unless the job says otherwise: (D,)."""

    @abstractmethod
    def optimum(self, dimension: int) -> tuple[float, NDArray[np.float64]]:
        """The least value, and a point that has it: (D,)."""

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

    def check_dimension(self, dimension: int) -> None:
        """ValueError where the function is not defined in that many dimensions."""
        if dimension < self.minimum_dimension:
            least = self.minimum_dimension
            raise ValueError(f"{self.kind} needs dimension >= {least}, got {dimension}; raise it")
