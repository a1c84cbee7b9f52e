"""Records long runs in at most 1,001 rows that keep the extremes of the loss.

The steps are cut into buckets. Each bucket keeps the rows of its smallest and its largest loss. The first
row, the last row and every rung have a separate bucket. An incomplete bucket holds only the rows that it
would keep.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.batching.learning_rates import Rates
from app.engine.batching.recorder import Piece, Recorder, Rows

MAX_TRAJECTORY_ROWS = 1001


class DownsamplingRecorder(Recorder):
    """A recorder that keeps the extremes of each bucket of steps."""

    def __init__(self, runs: int, steps: int, rungs: NDArray[np.int64], dimension: int, dtype: type) -> None:
        super().__init__()
        self._kept = Rows(np.zeros((runs, MAX_TRAJECTORY_ROWS), dtype=np.int64), dimension, dtype)
        self._counts = np.zeros(runs, dtype=np.int64)
        self._edges = bucket_edges(steps, rungs)
        # The smallest and the largest loss so far in the incomplete bucket, in the order of their steps;
        # a nan loss marks an empty place.
        self._pending = Rows(np.zeros((runs, 2), dtype=np.int64), dimension, dtype)
        self._pending.loss[...] = np.nan

    def add(self, piece: Piece) -> None:
        """Find the extremes of every bucket that the piece meets, and keep those of complete buckets."""
        fields = self._with_pending(piece)
        loss = fields[1]
        evaluations, runs = loss.shape
        index = np.arange(evaluations)[:, np.newaxis]
        counted = np.asarray(index - 2 < np.where(piece.diverged, piece.valid - 1, piece.valid))
        counted[:2] = ~np.isnan(loss[:2])
        members, is_complete = self._buckets(piece.first, evaluations)
        low = _best(np.argmin(np.where(counted, loss, np.inf)[members], axis=1), members)
        high = _best(np.argmax(np.where(counted, loss, -np.inf)[members], axis=1), members)
        pairs = np.sort(np.stack([low, high], axis=1), axis=1)  # (buckets, 2, b), in the order of steps
        exists: NDArray[np.bool_] = np.any(counted[members], axis=1)
        is_kept = exists & (is_complete[:, np.newaxis] | piece.diverged)
        kept = np.stack([is_kept, is_kept & (pairs[:, 0] != pairs[:, 1])], axis=1)
        self._keep(piece.rows, fields, pairs.reshape(-1, runs), kept.reshape(-1, runs))
        self._hold(piece.rows, fields, pairs[-1], exists[-1] & ~is_kept[-1])
        if piece.diverged.any():
            last = np.broadcast_to(piece.valid + 1, (1, runs))
            self._keep(piece.rows, fields, last, piece.diverged[np.newaxis])

    def counts(self) -> NDArray[np.int64]:
        """Return the number of kept rows; every run ended in a separate bucket."""
        return self._counts

    def _rows(self) -> Rows:
        """Return the kept rows."""
        return self._kept

    def _learning_rates(self, rates: Rates) -> NDArray[np.float64]:
        """Return the rates of the steps before each run's last row; values beyond that row mean nothing."""
        steps = self._kept.step.copy()
        steps[np.arange(len(steps)), self._counts - 1] = 0
        return rates.at(steps)

    def _with_pending(self, piece: Piece) -> list[NDArray[Any]]:
        """Return step, loss, norms and parameters, (S + 2, b) each, the two pending evaluations first."""
        chunk, pending, rows = piece.chunk, self._pending, piece.rows
        steps = piece.first + np.arange(len(chunk.losses))
        news: list[NDArray[Any]] = [
            np.broadcast_to(steps[:, np.newaxis], chunk.losses.shape),
            chunk.losses,
            *chunk.norms(),
        ]
        if chunk.parameters is not None:
            news.append(chunk.parameters)
        olds = _columns(pending)
        return [
            np.concatenate([np.moveaxis(old[rows], 0, 1), new]) for old, new in zip(olds, news, strict=True)
        ]

    def _buckets(self, first: int, evaluations: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the evaluations of each bucket, (buckets, width), and which buckets are complete.

        Narrow buckets repeat their last evaluation.
        """
        stop = first + evaluations - 2
        edges = self._edges
        begin = np.searchsorted(edges, first, side="right") - 1
        end = np.searchsorted(edges, stop, side="left")
        starts = np.maximum(edges[begin:end], first) - first + 2
        stops = np.minimum(edges[begin + 1 : end + 1], stop) - first + 2
        starts[0] = 0  # the pending evaluations belong to the bucket in which the piece starts
        members = starts[:, np.newaxis] + np.arange((stops - starts).max())
        return np.minimum(members, stops[:, np.newaxis] - 1), edges[begin + 1 : end + 1] <= stop

    def _keep(
        self,
        rows: NDArray[np.int64],
        fields: list[NDArray[Any]],
        index: NDArray[np.int64],
        kept: NDArray[np.bool_],
    ) -> None:
        """Append evaluations to the trajectories.

        index, kept: (m, b), which evaluations of each row, and whether to keep them.
        """
        positions = self._counts[rows] + np.cumsum(kept, axis=0) - 1
        column = np.broadcast_to(np.arange(len(rows)), index.shape)[kept]
        for target, field in zip(_columns(self._kept), fields, strict=True):
            target[rows[column], positions[kept]] = field[index[kept], column]
        self._counts[rows] += np.count_nonzero(kept, axis=0)

    def _hold(
        self,
        rows: NDArray[np.int64],
        fields: list[NDArray[Any]],
        index: NDArray[np.int64],
        held: NDArray[np.bool_],
    ) -> None:
        """Make two evaluations, (2, b), the pending ones of the rows in `held`; clear those of other rows."""
        column = np.arange(len(rows))
        for target, field in zip(_columns(self._pending), fields, strict=True):
            target[rows] = np.moveaxis(field[index, column], 0, 1)
        self._pending.loss[rows[~held]] = np.nan


def bucket_edges(steps: int, rungs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the edges of the buckets of rows 0 to `steps`: each bucket reaches from one edge to the next."""
    # A rung takes one row. A rung also cuts a bucket in two, which takes two more rows.
    buckets = max(1, (MAX_TRAJECTORY_ROWS - 2 - 3 * len(rungs)) // 2)
    inner = np.linspace(1, steps, buckets + 1).astype(np.int64)
    return np.unique(np.concatenate([[0], inner, rungs, rungs + 1, [steps, steps + 1]]))


def _best(position: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the evaluations at positions within buckets: (buckets, b)."""
    return np.take_along_axis(members, position, axis=1)


def _columns(rows: Rows) -> list[Array | NDArray[Any]]:
    columns: list[Array | NDArray[Any]] = [rows.step, rows.loss, rows.norm, rows.norm_l1]
    return columns if rows.parameters is None else [*columns, rows.parameters]
