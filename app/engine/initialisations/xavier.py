"""Xavier initialisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.initialisations.base import Initialisation, without_biases


@dataclass(frozen=True, kw_only=True)
class Xavier(Initialisation):
    """Uniform weights that keep the scale of signals forward and backward; biases are zero.

    Rule: w ~ U(-r, r), r = sqrt(6 / (n + m)), n the inputs and m the units of the layer; b = 0

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    (AISTATS), Eq. 16; `torch.nn.init.xavier_uniform_`.
    """

    kind: ClassVar[str] = "xavier"

    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """Draw the weights row by row."""
        bound = np.sqrt(6.0 / (inputs + units))
        return without_biases(generator.uniform(-bound, bound, size=(units, inputs)))
