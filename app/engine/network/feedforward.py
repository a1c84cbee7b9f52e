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

_OPERATIONS_PER_PARAMETER = 12.0  # of the passes of an adaptive optimizer
_OPERATIONS_PER_ACTIVATION = 16.0  # of nonlinearity and loss, forward and backward
_NORMALISATION_ARRAYS = 2
_DROPOUT_ARRAYS = 3  # values apart from results, their factors, and the mask of kept units
_LOSS_ARRAYS = 6


@dataclass(frozen=True)
class Feedforward(Architecture):
    """Dense layers of a shape on dense features.

    drops: whether estimates include dropout.
    """

    shape: Shape
    drops: bool = False

    @property
    def dimension(self) -> int:
        """Return the dimension of the shape."""
        return self.shape.dimension

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return the first parameters of the shape."""
        return self.shape.start(generator)

    def weight_mask(self) -> NDArray[np.bool_]:
        """Return which parameters are weights of layers."""
        return self.shape.weight_mask()

    def drawn_mask(self) -> NDArray[np.bool_]:
        """Return which parameters are weights or biases."""
        return self.shape.drawn_mask()

    def cost(self, batch: int) -> float:
        """Return the operations of products, activations and parameters; inputs need no backward product."""
        products = 6.0 * self.dimension - 2.0 * self.shape.layers[0].size
        activations = _OPERATIONS_PER_ACTIVATION * sum(self.shape.units[1:])
        return batch * (products + activations) + _OPERATIONS_PER_PARAMETER * self.dimension

    def row_numbers(self, batch: int) -> int:
        """Count activations and deltas of a minibatch, the arrays of the stages, and those of the loss."""
        activation = ACTIVATIONS[self.shape.activation]
        arrays = 2 + activation.keeps_slope + activation.scratch
        arrays += _NORMALISATION_ARRAYS * self.shape.layer_norm + _DROPOUT_ARRAYS * self.drops
        return (arrays * sum(self.shape.hidden) + self.shape.units[-1] + _LOSS_ARRAYS) * batch

    def noise_units(self, settings: Settings) -> int:
        """Return the number of hidden units if some row drops any, else 0."""
        return 0 if self._rates(settings) is None else sum(self.shape.hidden)

    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Dense:
        """Return a network without dropout."""
        return Dense(self.shape, x, sections, batch)

    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> Trained:
        """Return a network with dropout if some row has it."""
        return Trained(self.shape, x, g, sections, batch, self._rates(settings))

    def _rates(self, settings: Settings) -> NDArray[np.float64] | None:
        rates = settings.get("model.dropout")
        return rates if rates is not None and self.shape.hidden and np.any(rates) else None
