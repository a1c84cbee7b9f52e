"""The base class of models: hyperparameters that, with the sizes of the data, give an architecture."""

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
    """A model that is trained on examples; the data determine the number of inputs and outputs."""

    # Largest number of parameters for which the training loss gives a Hessian; zero for never.
    hessian_dimension: ClassVar[int] = 0
    # The form of the data that the model takes: "features", "tokens" or "pairs".
    form: ClassVar[str] = "features"

    @abstractmethod
    def architecture(self, sizes: tuple[int, ...], outputs: int) -> Architecture:
        """Return the architecture on data of these sizes; for features, their number."""

    def inputs(self, raw: NDArray[Any], training: NDArray[np.int64], dtype: type) -> Inputs:
        """Return the data of a replicate as the architecture takes them. training: the training rows."""
        return Features.prepare(raw, training, dtype)
