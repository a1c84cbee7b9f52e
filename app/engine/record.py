"""Records the rows of trajectories while a batch runs; memory stays bounded however long the runs are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.chunk import RECORDED_DIMENSION, Chunk
from app.engine.rates import Rates
from app.engine.result import Trajectory


class Rows:
    """Columns of recorded rows, (B, n) each: what a recorder fills."""

    def __init__(self, runs: int, n: int, dimension: int, dtype: type) -> None:
        self.step = np.zeros((runs, n), dtype=np.int64)
        self.loss: Array = np.empty((runs, n), dtype=dtype)
        self.norm = np.empty((runs, n), dtype=np.float32)
        self.norm_l1 = np.empty((runs, n), dtype=np.float32)
        self.parameters: Array | None = None
        if dimension <= RECORDED_DIMENSION:
            self.parameters = np.empty((runs, n, dimension), dtype=dtype)


@dataclass(frozen=True, eq=False)
class Piece:
    """Evaluations of some rows at consecutive steps from `first` on, of which each row keeps `valid`."""

    rows: NDArray[np.int64]  # (b,) of the batch
    first: int
    valid: NDArray[np.int64]  # (b,) how many of the S evaluations count
    diverged: NDArray[np.bool_]  # (b,) whether the last of them ended the run
    chunk: Chunk

    @property
    def norms(self) -> NDArray[np.float32]:
        """(S, b)"""
        return np.sqrt(self.chunk.squares).astype(np.float32)

    @property
    def norms_l1(self) -> NDArray[np.float32]:
        """(S, b)"""
        return self.chunk.magnitudes.astype(np.float32)


class Recorder(ABC):
    """Takes what blocks evaluated, in the order of steps, and gives the trajectories at the end."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._validation: list[tuple[int, NDArray[np.float64]]] = []  # of all runs, at the step

    @abstractmethod
    def add(self, piece: Piece) -> None:
        """Takes the next evaluations of some rows."""

    @abstractmethod
    def counts(self) -> NDArray[np.int64]:
        """How many rows each run has: (B,). Nothing is added after it was asked."""

    @abstractmethod
    def _learning_rates(self, rates: Rates) -> NDArray[np.float64]:
        """The learning rate of every recorded row, (B, n); that of a run's last row is never read."""

    def add_validation(self, step: int, losses: NDArray[np.float64]) -> None:
        """Takes the validation losses at a step that is recorded: (B,), nan where a run is out."""
        self._validation.append((step, losses))

    def trajectories(self, rates: Rates) -> list[Trajectory]:
        """One trajectory a run."""
        rows, counts = self._rows, self.counts()
        runs = np.arange(len(counts))
        validation = self._validation_losses(counts)
        learning_rates = self._learning_rates(rates)
        learning_rates[runs, counts - 1] = np.nan
        return [
            Trajectory(
                step=rows.step[i, :count],
                loss=rows.loss[i, :count],
                validation_loss=validation[i, :count],
                learning_rate=learning_rates[i, :count],
                gradient_norm=rows.norm[i, :count],
                gradient_norm_l1=rows.norm_l1[i, :count],
                parameters=None if rows.parameters is None else rows.parameters[i, :count],
            )
            for i, count in enumerate(counts.tolist())
        ]

    def _validation_losses(self, counts: NDArray[np.int64]) -> Array:
        """(B, n), nan where there was none."""
        shape, dtype = self._rows.step.shape, self._rows.loss.dtype
        if not self._validation:  # one row of nan serves all runs
            return np.broadcast_to(np.full(shape[1], np.nan, dtype=dtype), shape)
        found = np.full(shape, np.nan, dtype=dtype)
        for step, losses in self._validation:
            at = (self._rows.step == step) & (np.arange(shape[1]) < counts[:, np.newaxis])
            found[at] = np.broadcast_to(losses[:, np.newaxis], shape)[at]
        return found


class WholeRecorder(Recorder):
    """Keeps every row of runs of equal length."""

    def __init__(self, runs: int, steps: int, dimension: int, dtype: type) -> None:
        super().__init__(Rows(runs, steps + 1, dimension, dtype))
        self._rows.step = np.broadcast_to(np.arange(steps + 1), (runs, steps + 1))  # of all runs alike
        self._counts = np.zeros(runs, dtype=np.int64)
        self._points = None if self._rows.parameters is None else _points(self._rows.parameters)

    def add(self, piece: Piece) -> None:
        """Copies the evaluations, those that do not count too: they lie beyond the row's count."""
        rows, chunk, own = self._rows, piece.chunk, _as_slice(piece.rows)
        steps = slice(piece.first, piece.first + len(chunk.losses))
        rows.loss[own, steps] = chunk.losses.T
        rows.norm[own, steps] = piece.norms.T
        rows.norm_l1[own, steps] = piece.norms_l1.T
        if self._points is not None and chunk.parameters is not None:
            self._points[own, steps] = _points(chunk.parameters).T
        self._counts[piece.rows] += piece.valid

    def counts(self) -> NDArray[np.int64]:
        """Every evaluation that counted."""
        return self._counts

    def _learning_rates(self, rates: Rates) -> NDArray[np.float64]:
        steps = np.arange(self._rows.step.shape[1])
        return rates.at(np.minimum(steps, max(len(steps) - 2, 0)))


def _points(parameters: Array) -> NDArray[np.void]:
    """Parameters, (..., D), as opaque items, (...): copied whole, seven times faster than D numbers each."""
    return parameters.view(np.dtype((np.void, parameters.shape[-1] * parameters.itemsize)))[..., 0]


def _as_slice(rows: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Rows as a slice where they are neighbours in ascending order: many times faster than an index."""
    first = int(rows[0])
    is_run = np.array_equal(rows, np.arange(first, first + len(rows)))
    return slice(first, first + len(rows)) if is_run else rows
