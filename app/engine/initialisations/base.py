"""The base class of initialisations: the first weights and biases of a dense layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Initialisation(Kind, ABC):
    """The distribution of the first weights and biases of a dense layer."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """Return the first parameters, (units, inputs + 1), with the biases in the last column."""


def without_biases(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights, (units, inputs), with biases of zero appended: (units, inputs + 1)."""
    return np.concatenate([weights, np.zeros((len(weights), 1))], axis=1)
