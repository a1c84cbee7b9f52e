"""The forward and backward pass of a dense network for a block of rows.

Units come before examples: activations are (B, units + 1, batch) with a last unit that is always one. Outputs
are (outputs, B, batch), so that a softmax reduces along the first axis, over long rows. Both layouts keep the
stacked products on BLAS's fast path. The shapes of single products do not depend on B.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.arrays import Array
from app.engine.inputs.features import FeatureBatch
from app.engine.network.architecture import Network, TrainedNetwork
from app.engine.network.hidden import Hidden
from app.engine.network.products import Product, TransposedProduct
from app.engine.network.shape import Shape


class Dense(Network):
    """B rows of parameters, to measure."""

    def __init__(self, shape: Shape, x: Array, sections: Sequence[slice], batch: int) -> None:
        hidden = [Hidden(shape, place, batch, x) for place in range(len(shape.hidden))]
        self._lay_out(shape, x, sections, batch, hidden)

    def _lay_out(
        self, shape: Shape, x: Array, sections: Sequence[slice], batch: int, hidden: list[Hidden]
    ) -> None:
        self.outputs = np.empty((shape.units[-1], len(x), batch), dtype=x.dtype)
        # With a single example matrices become vectors, and BLAS's sums depend on their spacing in memory.
        # In `outputs` the spacing is B, so such vectors are multiplied in a separate array.
        self._by_rows = self.outputs.transpose(1, 0, 2)
        self._last = np.empty_like(self._by_rows, order="C") if batch == 1 else self._by_rows
        self._hidden = hidden
        self._weights = [layer.view(x) for layer in shape.layers]
        # The result of each layer: (B, units, batch).
        self._results = [layer.values for layer in hidden] + [self._last]
        self._first = [
            Product(self._weights[0][rows], self._results[0][rows], inner=shape.units[0] + 1)
            for rows in sections
        ]

    def forward(self, batches: Sequence[FeatureBatch], noise: Sequence[Array] = ()) -> None:
        """Compute the outputs on one batch per section."""
        for product, batch in zip(self._first, batches, strict=True):
            product(batch.columns)
        for layer, hidden in enumerate(self._hidden):
            hidden.forward(noise)
            np.matmul(self._weights[layer + 1], hidden.padded, out=self._results[layer + 1])
        if self._last is not self._by_rows:
            self._by_rows[...] = self._last


class Trained(Dense, TrainedNetwork):
    """B rows of parameters with a backward pass that fills g, (B, D).

    rates: of dropout, (B, 1); None if no row has dropout.
    """

    def __init__(
        self,
        shape: Shape,
        x: Array,
        g: Array,
        sections: Sequence[slice],
        batch: int,
        rates: Array | None = None,
    ) -> None:
        places = range(len(shape.hidden))
        self._lay_out(
            shape,
            x,
            sections,
            batch,
            [Hidden(shape, place, batch, x, g, rates, sections) for place in places],
        )
        gradients = [layer.view(g) for layer in shape.layers]
        self._deltas = [np.empty_like(x, shape=result.shape) for result in self._results[:-1]]
        self._deltas.append(self._last)
        self._inner_gradients = [
            TransposedProduct(delta, hidden.padded, gradient)
            for delta, hidden, gradient in zip(self._deltas[1:], self._hidden, gradients[1:], strict=True)
        ]
        self._back_weights = [weights[:, :, :-1].transpose(0, 2, 1) for weights in self._weights]
        self._first_gradients = [
            Product(self._deltas[0][rows], gradients[0][rows], inner=batch) for rows in sections
        ]

    def backward(self, batches: Sequence[FeatureBatch]) -> None:
        """Fill g from the gradient by the outputs, which replaces the outputs; overwrite the activations."""
        if self._last is not self._by_rows:
            self._last[...] = self._by_rows
        for layer in reversed(range(len(self._hidden))):
            self._inner_gradients[layer]()
            np.matmul(self._back_weights[layer + 1], self._deltas[layer + 1], out=self._deltas[layer])
            self._hidden[layer].backward(self._deltas[layer])
        for product, batch in zip(self._first_gradients, batches, strict=True):
            product(batch.examples)
