"""What every initialisation is: how the first weights and biases of a dense layer are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Initialisation(Kind, ABC):
    """The first weights and biases of a dense layer."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """(units, inputs + 1), the last column the biases."""


def without_biases(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights, (units, inputs), beside biases of zero: (units, inputs + 1)."""
    return np.concatenate([weights, np.zeros((len(weights), 1))], axis=1)
