"""Pairs of a row and a column of a matrix, such as a user and an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.inputs.base import Inputs


@dataclass(frozen=True, eq=False)
class Side:
    """The users, or the items, of a batch, with the order that groups equal ones for sums."""

    index: NDArray[np.int64]  # (batch,)
    present: NDArray[np.int64]  # (P,) the users or items that occur, ascending
    order: NDArray[np.int64]  # (batch,) the examples, grouped by user or item
    starts: NDArray[np.int64]  # (P,) the start of each group in that order

    @classmethod
    def of(cls, index: NDArray[np.int64]) -> Side:
        """Sort the examples once for all rows that share the batch."""
        order = np.argsort(index, kind="stable")
        starts = np.flatnonzero(np.diff(index[order], prepend=-1))
        return cls(index, index[order][starts], order, starts)

    def sums(self, values: Array) -> Array:
        """Return the sums of examples' values, (B, batch, W), over each user or item: (B, P, W)."""
        sums: Array = np.add.reduceat(np.take(values, self.order, axis=1), self.starts, axis=1)
        return sums


class PairBatch(NamedTuple):
    """Some pairs, by users and items."""

    users: Side
    items: Side


@dataclass(frozen=True, eq=False)
class Pairs(Inputs):
    """Pairs of a user and an item."""

    pairs: NDArray[np.int64]  # (N, 2)

    def __len__(self) -> int:
        return len(self.pairs)

    def select(self, rows: NDArray[np.int64]) -> Pairs:
        """Return the pairs of the given rows."""
        return Pairs(self.pairs[rows])

    def between(self, low: int, high: int) -> PairBatch:
        """Return the pairs from low to high."""
        return _batch(self.pairs[low:high])

    def draw(self, rows: NDArray[np.int64]) -> list[PairBatch]:
        """Return one batch per step."""
        return [_batch(self.pairs[step_rows]) for step_rows in rows]

    def drawn_bytes(self, batch: int) -> int:
        """Return the memory of at most four integers per side and example."""
        return 8 * batch * self.pairs.itemsize


def _batch(pairs: NDArray[np.int64]) -> PairBatch:
    return PairBatch(Side.of(pairs[:, 0]), Side.of(pairs[:, 1]))
