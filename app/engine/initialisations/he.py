"""He initialisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.initialisations.base import Initialisation, without_biases


@dataclass(frozen=True, kw_only=True)
class He(Initialisation):
    """Normal weights that keep the scale of signals through layers of `relu`; biases are zero.

    Rule: w ~ N(0, 2 / n), n the inputs of the layer; b = 0

    Source: He, Zhang, Ren & Sun 2015, arXiv:1502.01852, Eq. 10; `torch.nn.init.kaiming_normal_`.
    """

    kind: ClassVar[str] = "he"

    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """Draw the weights row by row."""
        return without_biases(generator.normal(0.0, np.sqrt(2.0 / inputs), size=(units, inputs)))
