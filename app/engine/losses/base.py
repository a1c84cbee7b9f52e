"""The base class of losses: the loss of each example, its gradient by the outputs, and the error rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objective_columns import Settings
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Loss(Kind, ABC):
    """A measure of the distance between outputs and targets."""

    for_classes: ClassVar[bool]  # whether targets are classes, else numbers
    # Whether a linear model has a Hessian under this loss that optimizers can use.
    gives_hessian: ClassVar[bool] = False

    @abstractmethod
    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """Return the loss of a block of rows.

        outputs: (O, B, batch), kept by reference and overwritten. settings: columns of the rows, for
        training. None for measuring; hyperparameters such as label smoothing, which serve training alone,
        then have no effect.
        """

    def fill_hessian(self, weights: Array, examples: Array, hessian: Array) -> None:
        """Fill hessian, (O F, O F) float64, of a linear model with weights (O, F) and examples (N, F)."""
        raise NotImplementedError(f"{self.kind} gives no Hessian")


class BoundLoss(ABC):
    """The loss of outputs (O, B, batch) against targets that a section of rows shares."""

    @abstractmethod
    def set_targets(self, rows: slice, targets: NDArray[np.generic]) -> None:
        """Set the targets of some rows: (batch,)."""

    @abstractmethod
    def examples(self) -> Array:
        """Return the loss of every example, (B, batch); may change the outputs."""

    @abstractmethod
    def differentiate(self) -> None:
        """Replace the outputs by the gradient of the mean loss; called after `examples`."""

    def wrong(self) -> NDArray[np.bool_]:
        """Return which examples are misclassified, (B, batch); called before `examples`, for classes only."""
        raise NotImplementedError("without classes no example is misclassified")
