"""PyTorch's default initialisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.initialisations.base import Initialisation


@dataclass(frozen=True, kw_only=True)
class PyTorch(Initialisation):
    """The default of `torch.nn.Linear`: weights and biases uniform within 1 / sqrt(inputs) of zero.

    Rule: w, b ~ U(-1 / sqrt(n), 1 / sqrt(n)), n the inputs of the layer

    Source: `torch.nn.Linear.reset_parameters`; the weights as in LeCun, Bottou, Orr & Müller 1998,
    doi:10.1007/3-540-49430-8_2, but for a factor of 1 / sqrt(3).
    """

    kind: ClassVar[str] = "pytorch"

    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """Draw row by row, the bias after the weights of its unit."""
        bound = 1.0 / np.sqrt(inputs)
        return generator.uniform(-bound, bound, size=(units, inputs + 1))
