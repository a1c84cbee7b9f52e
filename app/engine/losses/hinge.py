"""The multiclass hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.losses.base import BoundLoss, Loss
from app.engine.losses.of_classes import ClassLoss, sum_first_axis
from app.engine.objective_columns import Settings


@dataclass(frozen=True, kw_only=True)
class Hinge(Loss):
    """How far each other class reaches into a margin of 1 below the right class: a support vector machine.

    Rule: sum over j other than y of max(0, 1 - z[y] + z[j]) / C;  with a `linear` model and l2 it is the
    linear support vector machine

    Source: Weston & Watkins 1999, Support Vector Machines for Multi-Class Pattern Recognition (ESANN);
    divided by the number of classes as in `torch.nn.MultiMarginLoss`.

    Deviation: for two classes this is half the hinge loss max(0, 1 - t f) of the outputs' difference f.
    """

    kind: ClassVar[str] = "hinge"
    for_classes: ClassVar[bool] = True

    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """Bind the loss to the outputs; no hyperparameter differs between rows."""
        return BoundHinge(outputs)


class BoundHinge(ClassLoss):
    """The hinge loss; margins replace the outputs."""

    def __init__(self, outputs: Array) -> None:
        super().__init__(outputs)
        self._picked: Array = np.empty(outputs.shape[1:], dtype=outputs.dtype)
        self._losses = np.empty_like(self._picked)
        self._share = 1.0 / len(outputs)
        self._batch_share = self._share / outputs.shape[2]

    def examples(self) -> Array:
        """Return the sums over the other classes."""
        outputs = self.outputs
        self.pick(self._picked)
        np.subtract(self._picked, 1, out=self._picked)
        np.subtract(outputs, self._picked, out=outputs)
        np.maximum(outputs, 0, out=outputs)
        # Multiply by 0, not set to 0: infinity and nan become nan, stay in the sum and show the divergence.
        np.multiply(self._picked, 0, out=self._picked)
        self.flat[self.index] = self._picked
        sum_first_axis(outputs, self._losses)
        np.multiply(self._losses, self._share, out=self._losses)
        return self._losses

    def differentiate(self) -> None:
        """Replace the outputs by the gradient.

        The gradient is 1 for each class inside the margin and minus their number for the target's class, both
        times 1 / (C batch).
        """
        outputs = self.outputs
        np.sign(outputs, out=outputs)
        sum_first_axis(outputs, self._picked)
        np.negative(self._picked, out=self._picked)
        self.flat[self.index] = self._picked
        np.multiply(outputs, self._batch_share, out=outputs)
