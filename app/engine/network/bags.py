"""The forward and backward pass of an embedding bag for a block of rows.

A batch takes the embeddings of the tokens that occur, in one product with the amounts. A second product
returns their gradients. No product has the size of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.initialisations import INITIALISATIONS
from app.engine.inputs.tokens import TokenBatch
from app.engine.network.architecture import Architecture, Network, TrainedNetwork
from app.engine.network.layers import Layer
from app.engine.network.products import TransposedProduct
from app.engine.objective_columns import Settings

_OPERATIONS_PER_PARAMETER = 12.0  # of the passes of an adaptive optimizer
_OPERATIONS_PER_OUTPUT = 16.0  # of the loss
_TOKENS_PER_BAG = 8  # tokens of a bag that no other bag has: a guess, for estimates
_LOSS_ARRAYS = 6


@dataclass(frozen=True)
class EmbeddingBags(Architecture):
    """A table of `tokens` embeddings of `width` numbers, and a dense layer that reads their sum."""

    tokens: int
    width: int
    outputs: int
    initialisation: str

    @property
    def layer(self) -> Layer:
        """Return the dense layer, which lies behind the table."""
        return Layer(self.tokens * self.width, self.outputs, self.width)

    def table(self, rows: Array) -> Array:
        """Return the embeddings among parameters or gradients, (B, D), as a view: (B, tokens, width)."""
        return rows[:, : self.tokens * self.width].reshape(len(rows), self.tokens, self.width)

    @property
    def dimension(self) -> int:
        """Return the number of parameters of table and layer."""
        return self.tokens * self.width + self.layer.size

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return standard normal embeddings, as in `torch.nn.EmbeddingBag`, and the first layer."""
        table = generator.standard_normal(self.tokens * self.width)
        initialisation = INITIALISATIONS[self.initialisation]()
        return np.concatenate([table, self.layer.start(generator, initialisation)])

    def weight_mask(self) -> NDArray[np.bool_]:
        """Return True for all parameters but the layer's biases."""
        table = np.ones(self.tokens * self.width, dtype=np.bool_)
        return np.concatenate([table, self.layer.weight_mask()])

    def drawn_mask(self) -> NDArray[np.bool_]:
        """Return True for all parameters."""
        return np.ones(self.dimension, dtype=np.bool_)

    def cost(self, batch: int) -> float:
        """Return the operations of two products with the amounts and three of the layer."""
        products = 4.0 * self._present_tokens(batch) * self.width + 6.0 * self.layer.size
        return (
            batch * (products + _OPERATIONS_PER_OUTPUT * self.outputs)
            + _OPERATIONS_PER_PARAMETER * self.dimension
        )

    def row_numbers(self, batch: int) -> int:
        """Count embeddings that occur, their gradients, sums, deltas, outputs and the arrays of the loss."""
        return (
            2 * self._present_tokens(batch) * self.width
            + (2 * self.width + self.outputs + _LOSS_ARRAYS) * batch
        )

    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Bags:
        """Return a network to measure."""
        return Bags(self, x, sections, batch)

    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> TrainedBags:
        """Return a network to train; no setting changes the arithmetic."""
        return TrainedBags(self, x, g, sections, batch)

    def _present_tokens(self, batch: int) -> int:
        """Return roughly how many tokens occur in a batch."""
        return min(self.tokens, _TOKENS_PER_BAG * batch)


class Bags(Network):
    """B rows of parameters, to measure."""

    def __init__(self, shape: EmbeddingBags, x: Array, sections: Sequence[slice], batch: int) -> None:
        self.outputs = np.empty((shape.outputs, len(x), batch), dtype=x.dtype)
        # As in `Dense`: the vectors of a single example are multiplied in a separate array.
        self._by_rows = self.outputs.transpose(1, 0, 2)
        self._last = np.empty_like(self._by_rows, order="C") if batch == 1 else self._by_rows
        self._sections = sections
        self._table = shape.table(x)
        self._weights = shape.layer.view(x)
        self._padded: Array = np.empty((len(x), shape.width + 1, batch), dtype=x.dtype)
        self._padded[:, shape.width] = 1
        self._sums = self._padded[:, : shape.width]

    def forward(self, batches: Sequence[TokenBatch], noise: Sequence[Array] = ()) -> None:
        """Add the embeddings of each bag by their amounts, and apply the layer to the sums."""
        for rows, batch in zip(self._sections, batches, strict=True):
            # Not by an index: an index interleaves the rows, at distances that depend on their number.
            embeddings = np.take(self._table[rows], batch.present, axis=1)
            np.matmul(embeddings.transpose(0, 2, 1), batch.amounts, out=self._sums[rows])
        np.matmul(self._weights, self._padded, out=self._last)
        if self._last is not self._by_rows:
            self._by_rows[...] = self._last


class TrainedBags(Bags, TrainedNetwork):
    """B rows of parameters with a backward pass that fills g, (B, D)."""

    def __init__(
        self, shape: EmbeddingBags, x: Array, g: Array, sections: Sequence[slice], batch: int
    ) -> None:
        super().__init__(shape, x, sections, batch)
        self._table_gradients = shape.table(g)
        self._delta = np.empty(self._sums.shape, dtype=x.dtype)
        self._layer_gradients = TransposedProduct(self._last, self._padded, shape.layer.view(g))

    def backward(self, batches: Sequence[TokenBatch]) -> None:
        """Fill the gradients; the gradient of an embedding that does not occur is zero."""
        if self._last is not self._by_rows:
            self._last[...] = self._by_rows
        self._layer_gradients()
        np.matmul(self._weights[:, :, :-1].transpose(0, 2, 1), self._last, out=self._delta)
        self._table_gradients[...] = 0
        for rows, batch in zip(self._sections, batches, strict=True):
            gradients = np.matmul(batch.amounts, self._delta[rows].transpose(0, 2, 1))
            self._table_gradients[rows][:, batch.present] = gradients
