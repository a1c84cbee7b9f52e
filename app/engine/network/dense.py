"""The forward and backward pass of a dense network for a block of rows.

Units come before examples: activations are (B, units + 1, batch) with a last unit that is always one, and
outputs are (outputs, B, batch), so that a softmax reduces along the first axis, over long rows. Both keep the
stacked products on BLAS's fast path. Every product is one of shapes that do not depend on B.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.arrays import Array
from app.engine.network.activations import ACTIVATIONS
from app.engine.network.products import Product, TransposedProduct
from app.engine.network.shape import Shape


class Dense:
    """B rows of parameters over minibatches of one size.

    x: (B, D), the parameters, read anew in every pass. sections: the slices of rows that share examples.
    outputs: (O, B, batch), what `forward` leaves.
    """

    def __init__(self, shape: Shape, x: Array, sections: Sequence[slice], batch: int) -> None:
        rows = len(x)
        self.outputs: Array = np.empty((shape.units[-1], rows, batch), dtype=x.dtype)
        self._activation = ACTIVATIONS[shape.activation]
        self._batch = batch
        self._sections = tuple(sections)
        self._weights = [layer.view(x) for layer in shape.layers]
        self._hidden: list[Array] = []
        for units in shape.units[1:-1]:
            hidden = np.empty((rows, units + 1, batch), dtype=x.dtype)
            hidden[:, units] = 1
            self._hidden.append(hidden)
        # A lone example makes matrices vectors, and BLAS's sums depend on a vector's spacing in memory. That
        # of `outputs` is B, so such vectors are multiplied in an array of their own.
        self._by_rows = self.outputs.transpose(1, 0, 2)
        self._last = np.empty_like(self._by_rows, order="C") if batch == 1 else self._by_rows
        # Where each layer writes: (B, units, batch).
        self._results = [hidden[:, :-1] for hidden in self._hidden] + [self._last]
        self._first = [
            Product(self._weights[0][rows], self._results[0][rows], inner=shape.units[0] + 1)
            for rows in self._sections
        ]

    def forward(self, columns: Sequence[Array]) -> None:
        """Computes the outputs on one minibatch a section: (inputs + 1, batch), the last row ones."""
        for product, inputs in zip(self._first, columns, strict=True):
            product(inputs)
        for layer, hidden in enumerate(self._hidden):
            self._activation.forward(self._results[layer])
            np.matmul(self._weights[layer + 1], hidden, out=self._results[layer + 1])
        if self._last is not self._by_rows:
            self._by_rows[...] = self._last


class Trained(Dense):
    """A dense network with a backward pass that fills g, (B, D)."""

    def __init__(self, shape: Shape, x: Array, g: Array, sections: Sequence[slice], batch: int) -> None:
        super().__init__(shape, x, sections, batch)
        self._gradients = [layer.view(g) for layer in shape.layers]
        self._deltas = [np.empty_like(x, shape=result.shape) for result in self._results[:-1]]
        self._deltas.append(self._last)
        self._inner_gradients = [
            TransposedProduct(delta, hidden, gradient)
            for delta, hidden, gradient in zip(
                self._deltas[1:], self._hidden, self._gradients[1:], strict=True
            )
        ]
        self._first_gradients = [
            Product(self._deltas[0][rows], self._gradients[0][rows], inner=batch) for rows in self._sections
        ]

    def backward(self, examples: Sequence[Array]) -> None:
        """Fills g from the gradient by the outputs, which stands in their place; spends the activations.

        examples: those of the last `forward`, the other way round, (batch, inputs + 1) a section.
        """
        if self._last is not self._by_rows:
            self._last[...] = self._by_rows
        for layer in reversed(range(len(self._hidden))):
            self._inner_gradients[layer]()
            weights = self._weights[layer + 1][:, :, :-1]
            np.matmul(weights.transpose(0, 2, 1), self._deltas[layer + 1], out=self._deltas[layer])
            self._activation.backward(self._results[layer], self._deltas[layer])
        for product, inputs in zip(self._first_gradients, examples, strict=True):
            product(inputs)
