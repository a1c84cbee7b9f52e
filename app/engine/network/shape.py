"""The shape of a dense network, and where each layer lies in a row of parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array

_OPERATIONS_PER_PARAMETER = 12.0  # an adaptive optimizer's passes
_OPERATIONS_PER_ACTIVATION = 16.0  # nonlinearity and loss, forward and backward


@dataclass(frozen=True)
class Layer:
    """One dense layer: a (units, inputs + 1) matrix at `offset` of a row, its last column the bias.

    The bias as one more weight, of an input that is always one, makes its gradient part of the product.
    """

    offset: int
    units: int
    inputs: int

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return self.units * (self.inputs + 1)

    def view(self, rows: Array) -> Array:
        """The layer's part of parameters or gradients, (B, D): (B, units, inputs + 1), no copy."""
        part = rows[:, self.offset : self.offset + self.size]
        return part.reshape(len(rows), self.units, self.inputs + 1)


@dataclass(frozen=True)
class Shape:
    """Widths from inputs to outputs, and the nonlinearity between the layers."""

    units: tuple[int, ...]
    activation: str

    @property
    def layers(self) -> tuple[Layer, ...]:
        """First to last."""
        found: list[Layer] = []
        offset = 0
        for inputs, units in zip(self.units[:-1], self.units[1:], strict=True):
            found.append(Layer(offset, units, inputs))
            offset += found[-1].size
        return tuple(found)

    @property
    def dimension(self) -> int:
        """D, all weights and biases."""
        return sum(layer.size for layer in self.layers)

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """As `torch.nn.Linear`: uniform within 1 / sqrt(inputs) of zero, biases too. (D,)"""
        parts = []
        for layer in self.layers:
            bound = 1.0 / np.sqrt(layer.inputs)
            parts.append(generator.uniform(-bound, bound, size=layer.size))
        return np.concatenate(parts)

    def weight_mask(self) -> NDArray[np.bool_]:
        """Which parameters are weights, not biases: (D,)."""
        mask = np.ones(self.dimension, dtype=np.bool_)
        for layer in self.layers:
            mask[layer.offset + layer.inputs : layer.offset + layer.size : layer.inputs + 1] = False
        return mask

    def cost(self, batch: int) -> float:
        """Estimated operations of one update on `batch` examples, optimizer included."""
        products = 6.0 * self.dimension - 2.0 * self.layers[0].size  # no gradient of the inputs
        activations = _OPERATIONS_PER_ACTIVATION * sum(self.units[1:])
        return batch * (products + activations) + _OPERATIONS_PER_PARAMETER * self.dimension
