"""What every loss is: each example's loss, the gradient in place of the outputs, and the error rate."""

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
    """How far outputs are from targets."""

    for_classes: ClassVar[bool]  # whether targets are classes, else numbers
    # Whether the loss of a linear model has a Hessian that optimizers can use.
    gives_hessian: ClassVar[bool] = False

    @abstractmethod
    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """The loss of a block of rows.

        outputs: (O, B, batch), kept and overwritten. settings: the columns of the rows, of training; None
        to measure, where what eases training alone is left out.
        """

    def fill_hessian(self, weights: Array, examples: Array, hessian: Array) -> None:
        """Fills hessian, (O F, O F) float64, with that of a linear model, weights (O, F), examples (N, F)."""
        raise NotImplementedError(f"{self.kind} gives no Hessian")


class BoundLoss(ABC):
    """The loss of outputs (O, B, batch) against targets that a section of rows shares."""

    @abstractmethod
    def aim(self, rows: slice, targets: NDArray[np.generic]) -> None:
        """Sets the targets of some rows: (batch,)."""

    @abstractmethod
    def examples(self) -> Array:
        """The loss of every example, (B, batch); may change the outputs."""

    @abstractmethod
    def differentiate(self) -> None:
        """Puts the gradient of the mean loss in place of the outputs; after `examples`."""

    def wrong(self) -> NDArray[np.bool_]:
        """Which examples are misclassified, (B, batch); before `examples`, where there are classes."""
        raise NotImplementedError("without classes no example is misclassified")
