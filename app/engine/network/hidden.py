"""A hidden layer's values for a block of rows, between the product that fills them and the next one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.activations import ACTIVATIONS
from app.engine.arrays import Array
from app.engine.network.shape import Shape
from app.engine.network.stages import Dropout, LayerNorm, Nonlinearity, Stage


class Hidden:
    """Layer number `place` of a shape, from 0.

    g: the gradients of the rows, None to measure. rates: of dropout, (B, 1), None if no row has dropout.
    values: (B, units, batch), the result of the product before. padded: (B, units + 1, batch), the argument
    of the next product, with a last unit that is always one. Without dropout, values are a part of padded.
    """

    def __init__(
        self,
        shape: Shape,
        place: int,
        batch: int,
        x: Array,
        g: Array | None = None,
        rates: Array | None = None,
        sections: Sequence[slice] = (),
    ) -> None:
        units = shape.hidden[place]
        self.padded: Array = np.empty((len(x), units + 1, batch), dtype=x.dtype)
        self.padded[:, units] = 1
        self.values = self.padded[:, :units]
        self._dropout: Dropout | None = None
        if rates is not None:
            self.values = np.empty((len(x), units, batch), dtype=x.dtype)
            first = sum(shape.hidden[:place])
            self._dropout = Dropout(
                rates, sections, slice(first, first + units), self.values, self.padded[:, :units]
            )
        self._stages: list[Stage] = []
        if shape.normalisations:
            normalisation = shape.normalisations[place]
            self._stages.append(
                LayerNorm(self.values, normalisation.view(x), None if g is None else normalisation.view(g))
            )
        activation = ACTIVATIONS[shape.activation]()
        self._stages.append(Nonlinearity(activation, self.values, trains=g is not None))

    def forward(self, noise: Sequence[Array]) -> None:
        """Turn the product's results into the argument of the next product. noise: of the whole network."""
        for stage in self._stages:
            stage.forward()
        if self._dropout is not None:
            self._dropout.forward(noise)

    def backward(self, delta: Array) -> None:
        """Turn the deltas of the next product's argument into those of this product's results, in place."""
        if self._dropout is not None:
            self._dropout.backward(delta)
        for stage in reversed(self._stages):
            stage.backward(delta)
