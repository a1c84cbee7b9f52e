"""What every model is: its hyperparameters, from which data of given sizes make an architecture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.inputs.base import Inputs
from app.engine.inputs.features import Features
from app.engine.network.architecture import Architecture
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Model(Kind, ABC):
    """A model that is trained on examples; the data say how many inputs and outputs it has."""

    # Up to how many parameters its training loss gives a Hessian; zero where never.
    hessian_dimension: ClassVar[int] = 0
    # The form of the data that it takes: "features", "tokens" or "pairs".
    form: ClassVar[str] = "features"

    @abstractmethod
    def architecture(self, sizes: tuple[int, ...], outputs: int) -> Architecture:
        """What it is on data of these sizes: of features, their number."""

    def inputs(self, raw: NDArray[Any], training: NDArray[np.int64], dtype: type) -> Inputs:
        """The data of a replicate as the architecture takes them. training: the rows that train."""
        return Features.prepare(raw, training, dtype)
