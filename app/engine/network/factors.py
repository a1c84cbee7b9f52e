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

_OPERATIONS_PER_PARAMETER = 12.0  # of the passes of an adaptive optimizer
_OPERATIONS_PER_FACTOR = 16.0  # of an example: products, gathers and sums, forward and backward
_FACTOR_ARRAYS = 6  # factors of both sides and their gradients, unsorted and in the order of their sums
_LOSS_ARRAYS = 6


@dataclass(frozen=True)
class Factors(Architecture):
    """A row of `rank` factors and a bias for each user, and then for each item."""

    users: int
    items: int
    rank: int

    @property
    def dimension(self) -> int:
        """Return the number of factors and biases."""
        return (self.users + self.items) * (self.rank + 1)

    def views(self, rows: Array) -> tuple[Array, Array]:
        """Return views of users, (B, users, rank + 1), and items among parameters or gradients, (B, D)."""
        edge = self.users * (self.rank + 1)
        users = rows[:, :edge].reshape(len(rows), self.users, self.rank + 1)
        return users, rows[:, edge:].reshape(len(rows), self.items, self.rank + 1)

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return factors whose products have the variance 1 / rank, and biases of zero."""
        factors = np.zeros((self.users + self.items, self.rank + 1))
        factors[:, :-1] = generator.normal(0.0, self.rank**-0.5, size=(len(factors), self.rank))
        return factors.reshape(-1)

    def weight_mask(self) -> NDArray[np.bool_]:
        """Return True for the factors."""
        mask = np.ones((self.users + self.items, self.rank + 1), dtype=np.bool_)
        mask[:, -1] = False
        return mask.reshape(-1)

    def drawn_mask(self) -> NDArray[np.bool_]:
        """Return True for the factors."""
        return self.weight_mask()

    def cost(self, batch: int) -> float:
        """Return the estimated operations, linear in the examples and the parameters."""
        factors = 2 * batch * (self.rank + 1)
        return _OPERATIONS_PER_FACTOR * factors + _OPERATIONS_PER_PARAMETER * self.dimension

    def row_numbers(self, batch: int) -> int:
        """Count the gathered numbers and the arrays of the loss."""
        return (_FACTOR_ARRAYS * (self.rank + 1) + _LOSS_ARRAYS) * batch

    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Factorised:
        """Return a network to measure."""
        return Factorised(self, x, sections, batch)

    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> TrainedFactors:
        """Return a network to train; no setting changes the arithmetic."""
        return TrainedFactors(self, x, g, sections, batch)


class Factorised(Network):
    """B rows of parameters, to measure."""

    def __init__(self, shape: Factors, x: Array, sections: Sequence[slice], batch: int) -> None:
        self.outputs = np.empty((1, len(x), batch), dtype=x.dtype)
        self._sections = sections
        self._users, self._items = shape.views(x)
        self._rank = shape.rank
        self._gathered: list[tuple[Array, Array]] = []  # of each section, (b, batch, rank + 1) of both sides

    def forward(self, batches: Sequence[PairBatch], noise: Sequence[Array] = ()) -> None:
        """Compute the product of the factors plus both biases."""
        self._gathered = []
        for rows, batch in zip(self._sections, batches, strict=True):
            # Not by an index: an index interleaves the rows, at distances that depend on their number.
            users = np.take(self._users[rows], batch.users.index, axis=1)
            items = np.take(self._items[rows], batch.items.index, axis=1)
            predicted = self.outputs[0, rows]
            predicted[...] = np.vecdot(users[..., : self._rank], items[..., : self._rank])
            np.add(predicted, users[..., self._rank], out=predicted)
            np.add(predicted, items[..., self._rank], out=predicted)
            self._gathered.append((users, items))


class TrainedFactors(Factorised, TrainedNetwork):
    """B rows of parameters with a backward pass that fills g, (B, D)."""

    def __init__(self, shape: Factors, x: Array, g: Array, sections: Sequence[slice], batch: int) -> None:
        super().__init__(shape, x, sections, batch)
        self._gradients = g
        self._user_gradients, self._item_gradients = shape.views(g)

    def backward(self, batches: Sequence[PairBatch]) -> None:
        """Fill the gradients: for each user and item the sum over its examples, zero if it has none."""
        self._gradients[...] = 0
        for rows, batch, (users, items) in zip(self._sections, batches, self._gathered, strict=True):
            delta = self.outputs[0, rows][..., np.newaxis]
            for factors in (users, items):
                factors[..., self._rank] = 1  # the derivative of a bias
                np.multiply(factors, delta, out=factors)
            self._user_gradients[rows][:, batch.users.present] = batch.users.sums(items)
            self._item_gradients[rows][:, batch.items.present] = batch.items.sums(users)
