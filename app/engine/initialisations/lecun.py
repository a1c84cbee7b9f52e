"""LeCun initialisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.initialisations.base import Initialisation, without_biases


@dataclass(frozen=True, kw_only=True)
class LeCun(Initialisation):
    """Normal weights that keep the scale of signals through linear layers; biases are zero.

    Rule: w ~ N(0, 1 / n), n the inputs of the layer; b = 0

    Source: LeCun, Bottou, Orr & Müller 1998, Efficient BackProp, doi:10.1007/3-540-49430-8_2, Section 4.6.

    Deviation: Keras and JAX cut the normal distribution off at two standard deviations.
    """

    kind: ClassVar[str] = "lecun"

    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """Draw the weights row by row."""
        return without_biases(generator.normal(0.0, np.sqrt(1.0 / inputs), size=(units, inputs)))
