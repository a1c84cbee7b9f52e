"""What every activation is: a nonlinearity, and how deltas pass it on their way back."""

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

    Where the derivative can be told from the value, `backward` does so; else `keeps_slope`, and `forward`
    leaves the derivative in an array of its own.
    """

    keeps_slope: ClassVar[bool] = False
    scratch: ClassVar[int] = 0  # arrays as large as its argument that `forward` needs

    @abstractmethod
    def forward(self, z: Array, slope: Array | None, work: Sequence[Array]) -> None:
        """Pre-activations become activations.

        slope: where the derivative goes; None where nothing goes back, or nothing is kept. work: `scratch`
        arrays of the shape of z.
        """

    def backward(self, a: Array, slope: Array | None, delta: Array) -> None:
        """Deltas of activations become those of pre-activations; activations and slope are spent."""
        assert slope is not None
        np.multiply(delta, slope, out=delta)
