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

    g: the gradients of the rows, None to measure. rates: of dropout, (B, 1), None where no row has any.
    values: (B, units, batch), where the product before writes. padded: (B, units + 1, batch), what the next
    product takes, with a last unit that is always one. Unless units are dropped, values are a part of it.
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
            own = shape.normalisations[place]
            self._stages.append(LayerNorm(self.values, own.view(x), None if g is None else own.view(g)))
        activation = ACTIVATIONS[shape.activation]()
        self._stages.append(Nonlinearity(activation, self.values, trains=g is not None))

    def forward(self, noise: Sequence[Array]) -> None:
        """Turns the product's results into what the next one takes. noise: that of the network."""
        for stage in self._stages:
            stage.forward()
        if self._dropout is not None:
            self._dropout.forward(noise)

    def backward(self, delta: Array) -> None:
        """Turns the deltas of what the next product took into those of the product's results, in place."""
        if self._dropout is not None:
            self._dropout.backward(delta)
        for stage in reversed(self._stages):
            stage.backward(delta)
