"""What every form of data is: examples that can be split, sliced and drawn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Minibatches(Protocol):
    """The minibatches of S steps, each as the network of the form takes it."""

    def __getitem__(self, step: int) -> Any:  # Any: a batch of the form
        """That of one step."""


class Inputs(ABC):
    """N examples without their targets, in the dtype of the run."""

    @abstractmethod
    def __len__(self) -> int:
        """N"""

    @abstractmethod
    def select(self, rows: NDArray[np.int64]) -> Inputs:
        """Some of them, (n,), in arrays of their own."""

    @abstractmethod
    def between(self, low: int, high: int) -> Any:
        """The examples from low to high, as one batch."""

    @abstractmethod
    def draw(self, rows: NDArray[np.int64]) -> Minibatches:
        """Minibatches of these rows, (S, batch)."""

    @abstractmethod
    def drawn_bytes(self, batch: int) -> int:
        """The memory that one drawn minibatch takes."""


class Repeated:
    """The same batch at every step."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getitem__(self, step: int) -> Any:
        return self._batch
