"""The parts of a row of parameters: dense layers, and normalisations between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.initialisations import Initialisation


@dataclass(frozen=True)
class Layer:
    """One dense layer: a (units, inputs + 1) matrix at `offset` of a row, its last column the bias.

    The bias is one more weight, of an input that is always one; its gradient is then a part of the product.
    """

    offset: int
    units: int
    inputs: int

    @property
    def size(self) -> int:
        """Return the number of parameters."""
        return self.units * (self.inputs + 1)

    def view(self, rows: Array) -> Array:
        """Return the layer's part of parameters or gradients, (B, D), as a view: (B, units, inputs + 1)."""
        part = rows[:, self.offset : self.offset + self.size]
        return part.reshape(len(rows), self.units, self.inputs + 1)

    def start(self, generator: np.random.Generator, initialisation: Initialisation) -> NDArray[np.float64]:
        """Return the first parameters: (size,)."""
        return initialisation.draw(generator, self.units, self.inputs).reshape(-1)

    def weight_mask(self) -> NDArray[np.bool_]:
        """Return True for all parameters but the biases: (size,)."""
        mask = np.ones((self.units, self.inputs + 1), dtype=np.bool_)
        mask[:, -1] = False
        return mask.reshape(-1)


@dataclass(frozen=True)
class Normalisation:
    """The gains of a layer's units, and after them their shifts, at `offset` of a row."""

    offset: int
    units: int

    @property
    def size(self) -> int:
        """Return the number of parameters."""
        return 2 * self.units

    def view(self, rows: Array) -> Array:
        """Return the normalisation's part of parameters or gradients, (B, D), as a view: (B, 2, units)."""
        return rows[:, self.offset : self.offset + self.size].reshape(len(rows), 2, self.units)

    def start(self, generator: np.random.Generator, initialisation: Initialisation) -> NDArray[np.float64]:
        """Return gains of one and shifts of zero, for any initialisation: (size,)."""
        return np.repeat([1.0, 0.0], self.units)

    def weight_mask(self) -> NDArray[np.bool_]:
        """Return False for all parameters: (size,)."""
        return np.zeros(self.size, dtype=np.bool_)
