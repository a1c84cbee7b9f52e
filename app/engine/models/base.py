"""What every model is: a name and a shape, from which the network is built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from app.engine.network.shape import Shape
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Model(Kind, ABC):
    """A model that is trained on examples; the data say how many inputs and outputs it has."""

    # Up to how many parameters its training loss gives a Hessian; zero where never.
    hessian_dimension: ClassVar[int] = 0

    @abstractmethod
    def shape(self, inputs: int, outputs: int) -> Shape:
        """The dense network that the model is."""
