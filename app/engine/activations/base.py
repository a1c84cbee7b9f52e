"""The base class of activations: a nonlinearity, and its derivative in the backward pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Activation(Kind, ABC):
    """The nonlinearity of hidden layers, element by element, in place.

    If the derivative follows from the value, `backward` computes it. Otherwise the class sets `keeps_slope`,
    and `forward` writes the derivative into a separate array.
    """

    keeps_slope: ClassVar[bool] = False
    scratch: ClassVar[int] = 0  # arrays of the size of z that `forward` needs

    @abstractmethod
    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Turn pre-activations into activations.

        slope: receives the derivative; None without a backward pass, or if no derivative is kept. work:
        `scratch` arrays of the shape of z.
        """

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Turn deltas of activations into deltas of pre-activations.

        The arrays of activations and slopes may be overwritten.
        """
        assert slope is not None
        np.multiply(delta, slope, out=delta)
