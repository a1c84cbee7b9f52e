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
    """The users of a batch, or its items, and where each one occurs: to add what belongs to the same one."""

    index: NDArray[np.int64]  # (batch,)
    present: NDArray[np.int64]  # (P,) those that occur, ascending
    order: NDArray[np.int64]  # (batch,) the examples, those of the same one together
    starts: NDArray[np.int64]  # (P,) where each begins in that order

    @classmethod
    def of(cls, index: NDArray[np.int64]) -> Side:
        """Sorted once for all rows that share the batch."""
        order = np.argsort(index, kind="stable")
        starts = np.flatnonzero(np.diff(index[order], prepend=-1))
        return cls(index, index[order][starts], order, starts)

    def sums(self, values: Array) -> Array:
        """Values of examples, (B, batch, W), added by what they belong to: (B, P, W)."""
        sums: Array = np.add.reduceat(np.take(values, self.order, axis=1), self.starts, axis=1)
        return sums


class PairBatch(NamedTuple):
    """Some pairs by their sides."""

    users: Side
    items: Side


@dataclass(frozen=True, eq=False)
class Pairs(Inputs):
    """Users and items."""

    pairs: NDArray[np.int64]  # (N, 2)

    def __len__(self) -> int:
        return len(self.pairs)

    def select(self, rows: NDArray[np.int64]) -> Pairs:
        """Some of them."""
        return Pairs(self.pairs[rows])

    def between(self, low: int, high: int) -> PairBatch:
        """Those from low to high."""
        return _batch(self.pairs[low:high])

    def draw(self, rows: NDArray[np.int64]) -> list[PairBatch]:
        """One batch a step."""
        return [_batch(self.pairs[own]) for own in rows]

    def drawn_bytes(self, batch: int) -> int:
        """Four integers a side and example, at most."""
        return 8 * batch * self.pairs.itemsize


def _batch(pairs: NDArray[np.int64]) -> PairBatch:
    return PairBatch(Side.of(pairs[:, 0]), Side.of(pairs[:, 1]))
