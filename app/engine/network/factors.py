"""The forward and backward pass of a matrix factorisation for a block of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.inputs.pairs import PairBatch
from app.engine.network.architecture import Architecture, Network, TrainedNetwork
from app.engine.objective_columns import Settings

_OPERATIONS_PER_PARAMETER = 12.0  # an adaptive optimizer's passes
_OPERATIONS_PER_FACTOR = 16.0  # of an example: products, gathers and sums, there and back
_ARRAYS = 6  # factors of both sides and their gradients, as they are and in the order of their sums
_LOSS_ARRAYS = 6


@dataclass(frozen=True)
class Factors(Architecture):
    """A row of `rank` factors and a bias for each user, and behind them for each item."""

    users: int
    items: int
    rank: int

    @property
    def dimension(self) -> int:
        """Factors and biases."""
        return (self.users + self.items) * (self.rank + 1)

    def views(self, rows: Array) -> tuple[Array, Array]:
        """Users, (B, users, rank + 1), and items among parameters or gradients, (B, D), no copies."""
        edge = self.users * (self.rank + 1)
        users = rows[:, :edge].reshape(len(rows), self.users, self.rank + 1)
        return users, rows[:, edge:].reshape(len(rows), self.items, self.rank + 1)

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Products of factors have the variance 1 / rank; biases are zero."""
        factors = np.zeros((self.users + self.items, self.rank + 1))
        factors[:, :-1] = generator.normal(0.0, self.rank**-0.5, size=(len(factors), self.rank))
        return factors.reshape(-1)

    def weight_mask(self) -> NDArray[np.bool_]:
        """The factors."""
        mask = np.ones((self.users + self.items, self.rank + 1), dtype=np.bool_)
        mask[:, -1] = False
        return mask.reshape(-1)

    def drawn_mask(self) -> NDArray[np.bool_]:
        """The factors."""
        return self.weight_mask()

    def cost(self, batch: int) -> float:
        """Linear in the examples and the parameters."""
        factors = 2 * batch * (self.rank + 1)
        return _OPERATIONS_PER_FACTOR * factors + _OPERATIONS_PER_PARAMETER * self.dimension

    def row_numbers(self, batch: int) -> int:
        """What is gathered, and the passes of the loss."""
        return (_ARRAYS * (self.rank + 1) + _LOSS_ARRAYS) * batch

    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Factorised:
        """To measure."""
        return Factorised(self, x, sections, batch)

    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> TrainedFactors:
        """To train; no setting changes the arithmetic."""
        return TrainedFactors(self, x, g, sections, batch)


class Factorised(Network):
    """B rows of parameters, to measure."""

    def __init__(self, shape: Factors, x: Array, sections: Sequence[slice], batch: int) -> None:
        self.outputs = np.empty((1, len(x), batch), dtype=x.dtype)
        self._sections = sections
        self._users, self._items = shape.views(x)
        self._rank = shape.rank
        self._found: list[tuple[Array, Array]] = []  # of each section, (b, batch, rank + 1) of both sides

    def forward(self, batches: Sequence[PairBatch], noise: Sequence[Array] = ()) -> None:
        """The product of the factors, and both biases."""
        self._found = []
        for rows, batch in zip(self._sections, batches, strict=True):
            # Not by an index: that leaves the rows interleaved, at distances that depend on their number.
            users = np.take(self._users[rows], batch.users.index, axis=1)
            items = np.take(self._items[rows], batch.items.index, axis=1)
            predicted = self.outputs[0, rows]
            predicted[...] = np.vecdot(users[..., : self._rank], items[..., : self._rank])
            np.add(predicted, users[..., self._rank], out=predicted)
            np.add(predicted, items[..., self._rank], out=predicted)
            self._found.append((users, items))


class TrainedFactors(Factorised, TrainedNetwork):
    """B rows of parameters with a backward pass that fills g, (B, D)."""

    def __init__(self, shape: Factors, x: Array, g: Array, sections: Sequence[slice], batch: int) -> None:
        super().__init__(shape, x, sections, batch)
        self._gradients = g
        self._user_gradients, self._item_gradients = shape.views(g)

    def backward(self, batches: Sequence[PairBatch]) -> None:
        """Of each user and item the sum over its examples; of those that do not occur zero."""
        self._gradients[...] = 0
        for rows, batch, (users, items) in zip(self._sections, batches, self._found, strict=True):
            delta = self.outputs[0, rows][..., np.newaxis]
            for factors in (users, items):
                factors[..., self._rank] = 1  # a bias's own derivative
                np.multiply(factors, delta, out=factors)
            self._user_gradients[rows][:, batch.users.present] = batch.users.sums(items)
            self._item_gradients[rows][:, batch.items.present] = batch.items.sums(users)
