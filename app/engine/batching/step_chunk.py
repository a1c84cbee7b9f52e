"""A chunk: what some rows evaluated in some consecutive steps, those of a block or all of a batch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, allocate

# Runs of at most this many parameters have them recorded; their positions of a chunk fit the cache.
RECORDED_DIMENSION = 10


@dataclass(frozen=True, eq=False)
class Chunk:
    """What S evaluations of B rows gave; what a row that diverged has after that means nothing."""

    losses: Array  # (S, B)
    squares: Array  # (S, B) sums of squares of the gradients; empty where nothing is recorded or D is small
    magnitudes: Array  # (S, B) sums of their magnitudes; the same
    positions: Array | None  # (S, B, D) where the gradients were taken; where D is small, else None
    parameters: Array | None  # (S, B, D) where the runs are measured, mostly the same memory; likewise
    gradients: NDArray[np.float32] | None  # (S, B, D) where D is small and rows are recorded, else None

    @classmethod
    def empty(
        cls, steps: int, shape: tuple[int, int], dtype: type, *, records: bool, averages: bool
    ) -> Chunk:
        """Room for as many evaluations of rows of that shape, (B, D).

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
        """Some evaluations of some rows, as views."""
        own = steps, rows
        return Chunk(
            losses=self.losses[own],
            squares=self.squares[own],
            magnitudes=self.magnitudes[own],
            positions=None if self.positions is None else self.positions[own],
            parameters=None if self.parameters is None else self.parameters[own],
            gradients=None if self.gradients is None else self.gradients[own],
        )

    def put(self, first: int, rows: NDArray[np.int64], other: Chunk) -> None:
        """Copies the evaluations of some rows to where they belong, from evaluation `first` on."""
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
        """With positions apart from the parameters, for rows some of which are measured elsewhere."""
        if self.parameters is None:
            return self
        return dataclasses.replace(self, positions=np.empty_like(self.parameters))

    def norms(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Euclidean norms and sums of magnitudes of the gradients, (S, B) each, where they are recorded."""
        if self.gradients is not None:
            return _norms_of_few(self.gradients)
        euclidean = np.sqrt(self.squares).astype(np.float32, copy=False)
        return euclidean, self.magnitudes.astype(np.float32, copy=False)


def _norms_of_few(gradients: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both norms of all gradients, (S, B, D), at once: cheaper than many small sums."""
    magnitudes = np.abs(gradients)
    if gradients.shape[2] == 2:  # the modulus of a complex number is one pass
        euclidean = np.abs(gradients.view(np.complex64)[:, :, 0])
    else:
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
