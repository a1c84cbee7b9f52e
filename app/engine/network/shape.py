"""The shape of a dense network, and where each layer lies in a row of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.engine.initialisations import INITIALISATIONS
from app.engine.network.layers import Layer, Normalisation


@dataclass(frozen=True)
class Shape:
    """Widths from inputs to outputs, and what stands between the layers."""

    units: tuple[int, ...]
    activation: str
    initialisation: str = "pytorch"
    layer_norm: bool = False

    @cached_property
    def parts(self) -> tuple[Layer | Normalisation, ...]:
        """Return layers and normalisations in the order of their parameters.

        A normalisation follows its layer.
        """
        parts: list[Layer | Normalisation] = []
        offset = 0
        for place, (inputs, units) in enumerate(zip(self.units[:-1], self.units[1:], strict=True)):
            parts.append(Layer(offset, units, inputs))
            offset += parts[-1].size
            if self.layer_norm and place < len(self.units) - 2:
                parts.append(Normalisation(offset, units))
                offset += parts[-1].size
        return tuple(parts)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers, first to last."""
        return tuple(part for part in self.parts if isinstance(part, Layer))

    @cached_property
    def normalisations(self) -> tuple[Normalisation, ...]:
        """Return one normalisation per hidden layer, or none."""
        return tuple(part for part in self.parts if isinstance(part, Normalisation))

    @property
    def hidden(self) -> tuple[int, ...]:
        """Return the widths of the hidden layers."""
        return self.units[1:-1]

    @cached_property
    def dimension(self) -> int:
        """Return D, the number of weights, biases, gains and shifts."""
        return sum(part.size for part in self.parts)

    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return the first parameters, layer by layer: (D,)."""
        initialisation = INITIALISATIONS[self.initialisation]()
        return np.concatenate([part.start(generator, initialisation) for part in self.parts])

    def weight_mask(self) -> NDArray[np.bool_]:
        """Return which parameters are weights, not biases, gains or shifts: (D,)."""
        return np.concatenate([part.weight_mask() for part in self.parts])

    def drawn_mask(self) -> NDArray[np.bool_]:
        """Return which parameters an initialisation sets, weights and biases: (D,)."""
        return np.concatenate([np.full(part.size, isinstance(part, Layer)) for part in self.parts])
