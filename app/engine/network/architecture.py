"""What a model is on given data: where its parameters lie, and the arithmetic of a block of rows."""

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

    outputs: (O, B, batch), what `forward` leaves.
    """

    outputs: Array

    @abstractmethod
    def forward(self, batches: Sequence[Any]) -> None:
        """Computes the outputs on one batch a section, each of the model's form of data."""


class TrainedNetwork(Network):
    """A network that fills the gradients of its rows."""

    @abstractmethod
    def forward(self, batches: Sequence[Any], noise: Sequence[Array] = ()) -> None:
        """As in training.

        noise: of each section uniform numbers, (noise_units, batch), where any are used.
        """

    @abstractmethod
    def backward(self, batches: Sequence[Any]) -> None:
        """Fills the gradients from those of the outputs, which stand in the place of the outputs.

        batches: those of the last `forward`.
        """


class Architecture(ABC):
    """A model on data of given sizes."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """D, how many parameters a row has."""

    @abstractmethod
    def start(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """A first row of parameters: (D,)."""

    @abstractmethod
    def weight_mask(self) -> NDArray[np.bool_]:
        """Which parameters are weights, not biases or the like: (D,)."""

    @abstractmethod
    def drawn_mask(self) -> NDArray[np.bool_]:
        """Which parameters the start draws at random, so that a scale makes sense: (D,)."""

    @abstractmethod
    def cost(self, batch: int) -> float:
        """Estimated operations of one update on `batch` examples, optimizer included."""

    @abstractmethod
    def row_numbers(self, batch: int) -> int:
        """How many numbers one row of a trained network touches in a step, parameters and gradient aside."""

    def noise_units(self, settings: Settings) -> int:
        """How many uniform numbers an example of training takes; none where no row drops units."""
        return 0

    @abstractmethod
    def network(self, x: Array, sections: Sequence[slice], batch: int) -> Network:
        """To measure. x: (B, D), read anew in every pass. sections: the slices of rows that share batches."""

    @abstractmethod
    def trained(
        self, x: Array, g: Array, sections: Sequence[slice], batch: int, settings: Settings
    ) -> TrainedNetwork:
        """To train. g: (B, D), what `backward` fills. settings: the columns of the rows."""
