"""The architecture of a model on given data: the layout of its parameters, and the arithmetic of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objective_columns import Settings


class Network(ABC):
    """B rows of parameters over batches of one size.

    outputs: (O, B, batch), the result of `forward`.
    """

    outputs: Array

    @abstractmethod
    def forward(self, batches: Sequence[Any]) -> None:
        """Compute the outputs on one batch per section, in the model's form of data."""


class TrainedNetwork(Network):
    """A network that fills the gradients of its rows."""

    @abstractmethod
    def forward(self, batches: Sequence[Any], noise: Sequence[Array] = ()) -> None:
        """Compute the outputs as in training.

        noise: uniform numbers of each section, (noise_units, batch), if the network uses any.
        """

    @abstractmethod
    def backward(self, batches: Sequence[Any]) -> None:
        """Fill the gradients of the rows from the gradients of the outputs, which stand in `outputs`.

        batches: the batches of the last `forward`.
        """


class Architecture(ABC):
    """A model on data of given sizes."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Return D, the number of parameters of a row."""

    @abstractmethod
    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return a first row of parameters: (D,)."""

    @abstractmethod
    def weight_mask(self) -> NDArray[np.bool_]:
        """Return which parameters are weights, not biases or the like: (D,)."""

    @abstractmethod
    def drawn_mask(self) -> NDArray[np.bool_]:
        """Return which parameters the start draws at random, so that a scale applies to them: (D,)."""

    @abstractmethod
    def cost(self, batch: int) -> float:
        """Return the estimated operations of one update on `batch` examples, optimizer included."""

    @abstractmethod
    def row_numbers(self, batch: int) -> int:
        """Return how many numbers one row of a trained network touches in a step.

        Parameters and gradient are not counted.
        """

    def noise_units(self, settings: Settings) -> int:
        """Return how many uniform numbers an example of training takes; 0 if no row drops units."""
        return 0

    @abstractmethod
    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Network:
        """Return a network to measure.

        x: (B, D), read anew in every pass. sections: the slices of rows that share batches.
        """

    @abstractmethod
    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> TrainedNetwork:
        """Return a network to train. g: (B, D), filled by `backward`. settings: the columns of the rows."""
