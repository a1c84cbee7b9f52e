"""A chunk: the evaluations of some rows in consecutive steps, of one block or of a whole batch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, allocate

# Largest D whose parameters are recorded; the positions of a chunk then fit into the cache.
RECORDED_DIMENSION = 10


@dataclass(frozen=True, eq=False)
class Chunk:
    """The results of S evaluations of B rows; values of a row after its divergence mean nothing."""

    losses: Array  # (S, B)
    squares: Array  # (S, B) sums of squares of the gradients; empty if nothing is recorded or D is small
    magnitudes: Array  # (S, B) sums of the gradients' magnitudes; empty in the same cases
    positions: Array | None  # (S, B, D) points of the gradients if D is small, else None
    parameters: Array | None  # (S, B, D) points of measurement if D is small, mostly the same memory
    gradients: NDArray[np.float32] | None  # (S, B, D) if D is small and rows are recorded, else None

    @classmethod
    def empty(
        cls, steps: int, shape: tuple[int, int], dtype: type, *, records: bool, averages: bool
    ) -> Chunk:
        """Allocate a chunk of `steps` evaluations of rows of the given shape, (B, D).

        averages: whether any row is measured elsewhere than at its position.
        """
        rows, dimension = shape
        is_small = dimension <= RECORDED_DIMENSION
        points = (steps, rows, dimension)
        sums = (steps if records and not is_small else 0, rows)
        losses, squares, magnitudes, positions, measured, gradients = allocate(
            ((steps, rows), dtype),
            (sums, dtype),
            (sums, dtype),
            (points if is_small else (0,), dtype),
            (points if is_small and averages else (0,), dtype),
            (points if is_small and records else (0,), np.float32),
        )
        return cls(
            losses=losses,
            squares=squares,
            magnitudes=magnitudes,
            positions=positions if is_small else None,
            parameters=(measured if averages else positions) if is_small else None,
            gradients=gradients if is_small and records else None,
        )

    def part(self, steps: slice, rows: slice) -> Chunk:
        """Return some evaluations of some rows, as views."""
        index = steps, rows
        return Chunk(
            losses=self.losses[index],
            squares=self.squares[index],
            magnitudes=self.magnitudes[index],
            positions=None if self.positions is None else self.positions[index],
            parameters=None if self.parameters is None else self.parameters[index],
            gradients=None if self.gradients is None else self.gradients[index],
        )

    def put(self, first: int, rows: NDArray[np.int64], other: Chunk) -> None:
        """Copy the evaluations of some rows into this chunk, from evaluation `first` on."""
        part = slice(first, first + len(other.losses)), rows
        self.losses[part] = other.losses
        if self.gradients is None:
            self.squares[part] = other.squares
            self.magnitudes[part] = other.magnitudes
            return
        assert self.parameters is not None
        self.parameters[part] = other.parameters
        self.gradients[part] = other.gradients

    def measured_elsewhere(self) -> Chunk:
        """Return the chunk with positions apart from the parameters, for rows that are measured elsewhere."""
        if self.parameters is None:
            return self
        return dataclasses.replace(self, positions=np.empty_like(self.parameters))

    def norms(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the Euclidean norms and the l1 norms of the gradients, (S, B) each, if they are recorded."""
        if self.gradients is not None:
            return _norms_of_few(self.gradients)
        euclidean = np.sqrt(self.squares).astype(np.float32, copy=False)
        return euclidean, self.magnitudes.astype(np.float32, copy=False)


def _norms_of_few(gradients: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return both norms of all gradients, (S, B, D), at once: cheaper than many small sums."""
    magnitudes = np.abs(gradients)
    if gradients.shape[2] == 2:  # the modulus of a complex number is one pass
        euclidean = np.abs(gradients.view(np.complex64)[:, :, 0])
    else:
        # The square of a single-precision number may exceed single precision.
        squares = np.square(magnitudes, dtype=np.float64)
        euclidean = np.sqrt(_sums(squares)).astype(np.float32)
    return euclidean, _sums(magnitudes)


def _sums(values: Array) -> Array:
    """Return the sums of (S, B, D) along its last, short axis, added in order."""
    total = values[:, :, 0].copy() if values.shape[2] < 2 else values[:, :, 0] + values[:, :, 1]
    for component in range(2, values.shape[2]):
        np.add(total, values[:, :, component], out=total)
    return total
