"""Records the rows of trajectories while a batch runs; memory stays bounded however long the runs are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.chunk import RECORDED_DIMENSION, Chunk
from app.engine.rates import Rates
from app.engine.result import Trajectories


class Rows:
    """Columns of recorded rows, (B, n) each: what a recorder fills.

    All but the steps lie in one allocation, which the allocator keeps for the next batch: arrays of their own
    are given back, and the first touch of their pages would cost as much as all the rest of the recording.
    """

    def __init__(self, step: NDArray[np.int64], dimension: int, dtype: type) -> None:
        """step: (B, n)."""
        runs, n = step.shape
        recorded = dimension if dimension <= RECORDED_DIMENSION else 0
        widths = np.array([np.dtype(dtype).itemsize] * (1 + recorded) + [np.dtype(np.float32).itemsize] * 2)
        memory = np.empty(runs * n * widths.sum(), dtype=np.uint8)
        ends = runs * n * np.cumsum(widths)[[0, recorded, recorded + 1]]
        loss, parameters, norm, norm_l1 = np.split(memory, ends)
        self.step = step
        self.loss: Array = loss.view(dtype).reshape(runs, n)
        self.norm = norm.view(np.float32).reshape(runs, n)
        self.norm_l1 = norm_l1.view(np.float32).reshape(runs, n)
        self.parameters: Array | None = None
        if recorded:
            self.parameters = parameters.view(dtype).reshape(runs, n, dimension)


@dataclass(frozen=True, eq=False)
class Piece:
    """Evaluations of some rows at consecutive steps from `first` on, of which each row keeps `valid`."""

    rows: NDArray[np.int64]  # (b,) of the batch
    place: NDArray[np.int64] | slice  # the same, as a slice where they are neighbours
    first: int
    valid: NDArray[np.int64]  # (b,) how many of the S evaluations count
    diverged: NDArray[np.bool_]  # (b,) whether the last of them ended the run
    chunk: Chunk


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

    def trajectories(self, rates: Rates) -> Trajectories:
        """One trajectory a run."""
        rows, counts = self._rows, self.counts()
        learning_rates = self._learning_rates(rates)
        learning_rates[np.arange(len(counts)), counts - 1] = np.nan
        return Trajectories(
            counts=counts,
            step=rows.step,
            loss=rows.loss,
            validation_loss=self._validation_losses(counts),
            learning_rate=learning_rates,
            gradient_norm=rows.norm,
            gradient_norm_l1=rows.norm_l1,
            parameters=rows.parameters,
        )

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
        step = np.broadcast_to(np.arange(steps + 1), (runs, steps + 1))  # of all runs alike
        super().__init__(Rows(step, dimension, dtype))
        self._counts = np.zeros(runs, dtype=np.int64)
        self._points = None if self._rows.parameters is None else _points(self._rows.parameters)

    def add(self, piece: Piece) -> None:
        """Copies the evaluations, those that do not count too: they lie beyond the row's count."""
        rows, chunk = self._rows, piece.chunk
        norms, norms_l1 = chunk.norms()
        moves: list[tuple[NDArray[Any], NDArray[Any]]] = [
            (rows.loss, chunk.losses),
            (rows.norm, norms),
            (rows.norm_l1, norms_l1),
        ]
        if self._points is not None and chunk.parameters is not None:
            moves.append((self._points, _points(chunk.parameters)))
        for column, values in moves:
            # Turned in the cache first: lines of the column, which are not there, are then written whole.
            turned = np.ascontiguousarray(values.T)
            column[piece.place, piece.first : piece.first + len(values)] = turned
        self._counts[piece.place] += piece.valid

    def counts(self) -> NDArray[np.int64]:
        """Every evaluation that counted."""
        return self._counts

    def _learning_rates(self, rates: Rates) -> NDArray[np.float64]:
        steps = np.arange(self._rows.step.shape[1])
        return rates.at(np.minimum(steps, max(len(steps) - 2, 0)))


def _points(parameters: Array) -> NDArray[np.void]:
    """Parameters, (..., D), as opaque items, (...): copied whole, seven times faster than D numbers each."""
    return parameters.view(np.dtype((np.void, parameters.shape[-1] * parameters.itemsize)))[..., 0]
