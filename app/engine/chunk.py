"""A chunk: what a block evaluated in some consecutive steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.engine.arrays import Array

# Runs of at most this many parameters have them recorded; their positions of a chunk fit the cache.
RECORDED_DIMENSION = 10


@dataclass(frozen=True, eq=False)
class Chunk:
    """What S evaluations of a block gave; what a row that diverged has after that means nothing."""

    losses: Array  # (S, B)
    squares: Array  # (S, B) sums of squares of the gradients; empty where nothing is recorded
    magnitudes: Array  # (S, B) sums of their magnitudes; the same
    positions: Array | None  # (S, B, D) where the gradients were taken; where D is small, else None
    parameters: Array | None  # (S, B, D) where the runs are measured, mostly the same array; likewise
    gradients: Array | None  # (S, B, D) where D is small and rows are recorded, else None

    @classmethod
    def empty(cls, steps: int, x: Array, records: bool, averages: bool) -> Chunk:
        """Room for as many evaluations of rows x, (B, D); averages: whether any is measured elsewhere."""
        rows, dimension = x.shape
        recorded = (steps if records else 0, rows)
        shape = (steps, rows, dimension)
        is_small = dimension <= RECORDED_DIMENSION
        positions = np.empty_like(x, shape=shape) if is_small else None
        return cls(
            losses=np.empty_like(x, shape=(steps, rows)),
            squares=np.empty_like(x, shape=recorded),
            magnitudes=np.empty_like(x, shape=recorded),
            positions=positions,
            parameters=np.empty_like(x, shape=shape) if is_small and averages else positions,
            gradients=np.empty_like(x, shape=shape) if is_small and records else None,
        )

    def settle_norms(self) -> None:
        """The norms of all gradients at once, where they were kept: cheaper than many small sums."""
        if self.gradients is not None:
            _sum_components(np.abs(self.gradients), self.magnitudes)
            _sum_components(np.square(self.gradients), self.squares)


def _sum_components(values: Array, out: Array) -> None:
    """Adds (S, B, D) along its last, short axis, in order."""
    out[...] = values[:, :, 0]
    for component in range(1, values.shape[2]):
        np.add(out, values[:, :, component], out=out)
