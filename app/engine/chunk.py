"""A chunk: what a block evaluated in some consecutive steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array

# Runs of at most this many parameters have them recorded; their positions of a chunk fit the cache.
RECORDED_DIMENSION = 10


@dataclass(frozen=True, eq=False)
class Chunk:
    """What S evaluations of a block gave; what a row that diverged has after that means nothing."""

    losses: Array  # (S, B)
    squares: Array  # (S, B) sums of squares of the gradients; empty where nothing is recorded or D is small
    magnitudes: Array  # (S, B) sums of their magnitudes; the same
    positions: Array | None  # (S, B, D) where the gradients were taken; where D is small, else None
    parameters: Array | None  # (S, B, D) where the runs are measured, mostly the same array; likewise
    gradients: NDArray[np.float32] | None  # (S, B, D) where D is small and rows are recorded, else None

    @classmethod
    def empty(cls, steps: int, x: Array, records: bool, averages: bool) -> Chunk:
        """Room for as many evaluations of rows x, (B, D); averages: whether any is measured elsewhere."""
        rows, dimension = x.shape
        shape = (steps, rows, dimension)
        is_small = dimension <= RECORDED_DIMENSION
        recorded = (steps if records and not is_small else 0, rows)
        positions = np.empty_like(x, shape=shape) if is_small else None
        return cls(
            losses=np.empty_like(x, shape=(steps, rows)),
            squares=np.empty_like(x, shape=recorded),
            magnitudes=np.empty_like(x, shape=recorded),
            positions=positions,
            parameters=np.empty_like(x, shape=shape) if is_small and averages else positions,
            gradients=np.empty(shape, dtype=np.float32) if is_small and records else None,
        )

    def norms(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Euclidean norms and sums of magnitudes of the gradients, (S, B) each, where they are recorded."""
        if self.gradients is not None:
            return _norms_of_few(self.gradients)
        euclidean = np.sqrt(self.squares).astype(np.float32, copy=False)
        return euclidean, self.magnitudes.astype(np.float32, copy=False)


def _norms_of_few(gradients: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both norms of all gradients, (S, B, D), at once: cheaper than many small sums. Overwrites them."""
    if gradients.shape[2] == 2:  # the modulus of a complex number is one pass
        euclidean = np.abs(gradients.view(np.complex64)[:, :, 0])
        magnitudes = np.abs(gradients, out=gradients)
    else:
        magnitudes = np.abs(gradients, out=gradients)
        # The square of a number that single precision can hold may be none.
        squares = np.square(magnitudes, dtype=np.float64)
        euclidean = np.sqrt(_sums(squares)).astype(np.float32)
    return euclidean, _sums(magnitudes)


def _sums(values: Array) -> Array:
    """Adds (S, B, D) along its last, short axis, in order."""
    total = values[:, :, 0].copy() if values.shape[2] < 2 else values[:, :, 0] + values[:, :, 1]
    for component in range(2, values.shape[2]):
        np.add(total, values[:, :, component], out=total)
    return total
