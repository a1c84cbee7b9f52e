"""The interface of a form of data: examples that can be split, sliced and drawn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Minibatches(Protocol):
    """The minibatches of S steps, in the form that the network takes."""

    def __getitem__(self, step: int) -> Any:  # Any: a batch of the form
        """Return the minibatch of one step."""


class Inputs(ABC):
    """N examples without their targets, in the dtype of the run."""

    @abstractmethod
    def __len__(self) -> int:
        """Return N."""

    @abstractmethod
    def select(self, rows: NDArray[np.int64]) -> Inputs:
        """Return the examples of the given rows, (n,), in new arrays."""

    @abstractmethod
    def between(self, low: int, high: int) -> Any:
        """Return the examples from low to high, as one batch."""

    @abstractmethod
    def draw(self, rows: NDArray[np.int64]) -> Minibatches:
        """Return minibatches of the given rows, (S, batch)."""

    @abstractmethod
    def drawn_bytes(self, batch: int) -> int:
        """Return the memory of one drawn minibatch."""


class Repeated:
    """The same batch at every step."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getitem__(self, step: int) -> Any:
        return self._batch
