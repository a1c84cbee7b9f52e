"""The architecture of dense layers one after the other: the linear model and the multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.activations import ACTIVATIONS
from app.engine.arrays import Array
from app.engine.network.architecture import Architecture
from app.engine.network.dense import Dense, Trained
from app.engine.network.shape import Shape
from app.engine.objective_columns import Settings

_OPERATIONS_PER_PARAMETER = 12.0  # an adaptive optimizer's passes
_OPERATIONS_PER_ACTIVATION = 16.0  # nonlinearity and loss, forward and backward
_NORMALISATION_ARRAYS = 2
_DROPOUT_ARRAYS = 3  # values apart from results, their factors, and which are kept
_LOSS_ARRAYS = 6


@dataclass(frozen=True)
class Feedforward(Architecture):
    """Dense layers of a shape on dense features.

    drops: whether estimates count on dropout.
    """

    shape: Shape
    drops: bool = False

    @property
    def dimension(self) -> int:
        """That of the shape."""
        return self.shape.dimension

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """That of the shape."""
        return self.shape.start(generator)

    def weight_mask(self) -> NDArray[np.bool_]:
        """The weights of the layers."""
        return self.shape.weight_mask()

    def drawn_mask(self) -> NDArray[np.bool_]:
        """Weights and biases."""
        return self.shape.drawn_mask()

    def cost(self, batch: int) -> float:
        """Products, activations and parameters; nothing goes back to the inputs."""
        products = 6.0 * self.dimension - 2.0 * self.shape.layers[0].size
        activations = _OPERATIONS_PER_ACTIVATION * sum(self.shape.units[1:])
        return batch * (products + activations) + _OPERATIONS_PER_PARAMETER * self.dimension

    def row_numbers(self, batch: int) -> int:
        """Activations and deltas of a minibatch, what stages keep, and the passes of the loss."""
        activation = ACTIVATIONS[self.shape.activation]
        arrays = 2 + activation.keeps_slope + activation.scratch
        arrays += _NORMALISATION_ARRAYS * self.shape.layer_norm + _DROPOUT_ARRAYS * self.drops
        return (arrays * sum(self.shape.hidden) + self.shape.units[-1] + _LOSS_ARRAYS) * batch

    def noise_units(self, settings: Settings) -> int:
        """One for each hidden unit, where some row drops any."""
        return 0 if self._rates(settings) is None else sum(self.shape.hidden)

    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Dense:
        """Without dropout."""
        return Dense(self.shape, x, sections, batch)

    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> Trained:
        """With dropout where some row has it."""
        return Trained(self.shape, x, g, sections, batch, self._rates(settings))

    def _rates(self, settings: Settings) -> NDArray[np.float64] | None:
        rates = settings.get("model.dropout")
        return rates if rates is not None and self.shape.hidden and np.any(rates) else None
