"""Records the rows of trajectories while a batch runs; memory stays bounded for runs of any length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, allocate
from app.engine.batching.fp_environment import batch_arithmetic
from app.engine.batching.learning_rates import Rates
from app.engine.batching.step_chunk import RECORDED_DIMENSION, Chunk
from app.engine.trajectories.result import Columns, Trajectories

# Steps and runs that are transposed at once: a tile in the cache, so that whole cache lines are written.
_TILE_SHAPE = (64, 256)


class Rows:
    """Columns of recorded rows, (B, n) each, which a recorder fills."""

    def __init__(self, step: NDArray[np.int64], dimension: int, dtype: type) -> None:
        """Allocate the columns. step: (B, n)."""
        recorded = dimension if dimension <= RECORDED_DIMENSION else 0
        self.step = step
        self.loss: Array
        self.norm: NDArray[np.float32]
        self.norm_l1: NDArray[np.float32]
        self.loss, parameters, self.norm, self.norm_l1 = allocate(
            (step.shape, dtype),
            ((*step.shape, recorded), dtype),
            (step.shape, np.float32),
            (step.shape, np.float32),
        )
        self.parameters: Array | None = parameters if recorded else None


@dataclass(frozen=True, eq=False)
class Piece:
    """Evaluations of some rows at consecutive steps from `first` on, of which each row keeps `valid`."""

    rows: NDArray[np.int64]  # (b,) of the batch
    place: NDArray[np.int64] | slice  # the same, as a slice if they are consecutive
    first: int
    valid: NDArray[np.int64]  # (b,) how many of the S evaluations count
    diverged: NDArray[np.bool_]  # (b,) whether the last valid evaluation ended the run
    chunk: Chunk


class Recorder(ABC):
    """Takes the evaluations of blocks in the order of steps, and returns the trajectories at the end."""

    def __init__(self) -> None:
        self._validation: list[tuple[int, NDArray[np.float64]]] = []  # of all runs, at the step

    def destination(self, place: NDArray[np.int64] | slice, first: int, count: int) -> Chunk | None:
        """Return where evaluations of some rows, from step `first` on, are to be written before `add`.

        Returns None if there is no such place; the evaluations then go to a separate chunk.
        """
        return None

    @abstractmethod
    def add(self, piece: Piece) -> None:
        """Take the next evaluations of some rows."""

    @abstractmethod
    def counts(self) -> NDArray[np.int64]:
        """Return the number of rows of each run: (B,). Nothing is added after this call."""

    @abstractmethod
    def _rows(self) -> Rows:
        """Return all rows; values beyond a run's count mean nothing."""

    @abstractmethod
    def _learning_rates(self, rates: Rates) -> NDArray[np.float64]:
        """Return the learning rate of every recorded row, (B, n); a run's last one is never read."""

    def add_validation(self, step: int, losses: NDArray[np.float64]) -> None:
        """Take the validation losses of a recorded step: (B,), nan for a run that has stopped."""
        self._validation.append((step, losses))

    def trajectories(self, rates: Rates) -> Trajectories:
        """Return one trajectory per run. Nothing is added after this call."""
        counts = self.counts()
        return Trajectories(len(counts), lambda: self._columns(counts, rates))

    def _columns(self, counts: NDArray[np.int64], rates: Rates) -> Columns:
        """Return everything that was recorded."""
        with batch_arithmetic():
            learning_rates = self._learning_rates(rates)  # first: this needs scratch of several columns
            rows = self._rows()
            validation_losses = self._validation_losses(rows, counts)
        learning_rates[np.arange(len(counts)), counts - 1] = np.nan
        return Columns(
            counts=counts,
            step=rows.step,
            loss=rows.loss,
            validation_loss=validation_losses,
            learning_rate=learning_rates,
            gradient_norm=rows.norm,
            gradient_norm_l1=rows.norm_l1,
            parameters=rows.parameters,
        )

    def _validation_losses(self, rows: Rows, counts: NDArray[np.int64]) -> Array:
        """Return the validation losses, (B, n), nan for rows without one."""
        shape, dtype = rows.step.shape, rows.loss.dtype
        if not self._validation:  # one row of nan serves all runs
            return np.broadcast_to(np.full(shape[1], np.nan, dtype=dtype), shape)
        validation_losses = np.full(shape, np.nan, dtype=dtype)
        for step, losses in self._validation:
            at = (rows.step == step) & (np.arange(shape[1]) < counts[:, np.newaxis])
            validation_losses[at] = np.broadcast_to(losses[:, np.newaxis], shape)[at]
        return validation_losses


class WholeRecorder(Recorder):
    """A recorder that keeps every row of runs of equal length, in the order of steps until they are read."""

    def __init__(self, runs: int, steps: int, dimension: int, dtype: type) -> None:
        super().__init__()
        self._runs, self._steps, self._dimension, self._dtype = runs, steps, dimension, dtype
        self._history = Chunk.empty(steps + 1, (runs, dimension), dtype, records=True, averages=False)
        self._counts = np.zeros(runs, dtype=np.int64)

    def destination(self, place: NDArray[np.int64] | slice, first: int, count: int) -> Chunk | None:
        """Return views of the history for consecutive rows, which saves a copy; None for other rows."""
        return self._history.part(slice(first, first + count), place) if isinstance(place, slice) else None

    def add(self, piece: Piece) -> None:
        """Keep the evaluations, invalid ones too: these lie beyond the count of their row."""
        # Evaluations of consecutive rows were written to their destination already.
        if not isinstance(piece.place, slice):
            self._history.put(piece.first, piece.place, piece.chunk)
        self._counts[piece.place] += piece.valid

    def counts(self) -> NDArray[np.int64]:
        """Return the number of valid evaluations of each run."""
        return self._counts

    def _rows(self) -> Rows:
        """Return the history, transposed tile by tile."""
        # The same steps for all runs.
        step = np.broadcast_to(np.arange(self._steps + 1), (self._runs, self._steps + 1))
        rows = Rows(step, self._dimension, self._dtype)
        for steps in _cuts(int(self._counts.max()), _TILE_SHAPE[0]):
            for runs in _cuts(self._runs, _TILE_SHAPE[1]):
                _transpose(self._history.part(steps, runs), rows, runs, steps)
        return rows

    def _learning_rates(self, rates: Rates) -> NDArray[np.float64]:
        """Return the learning rates of all steps."""
        steps = np.arange(self._steps + 1)
        return rates.at(np.minimum(steps, self._steps - 1))


def _cuts(length: int, width: int) -> list[slice]:
    return [slice(first, min(first + width, length)) for first in range(0, length, width)]


def _transpose(part: Chunk, rows: Rows, runs: slice, steps: slice) -> None:
    """Fill rows with the evaluations, (S, B), of these runs and steps."""
    norms, norms_l1 = part.norms()
    moves: list[tuple[NDArray[Any], NDArray[Any]]] = [
        (rows.loss, part.losses),
        (rows.norm, norms),
        (rows.norm_l1, norms_l1),
    ]
    if rows.parameters is not None and part.parameters is not None:
        moves.append((_points(rows.parameters), _points(part.parameters)))
    for column, values in moves:
        column[runs, steps] = np.ascontiguousarray(values.T)


def _points(parameters: Array) -> NDArray[np.void]:
    """Return parameters, (..., D), as opaque items, (...).

    An item is copied whole, which is seven times faster than a copy of D numbers.
    """
    return parameters.view(np.dtype((np.void, parameters.shape[-1] * parameters.itemsize)))[..., 0]
