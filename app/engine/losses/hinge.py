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
    """By how much each other class comes within a margin of 1 of the right one: a support vector machine.

    Rule: sum over j other than y of max(0, 1 - z[y] + z[j]) / C;  with a `linear` model and l2 it is the
    linear support vector machine

    Source: Weston & Watkins 1999, Support Vector Machines for Multi-Class Pattern Recognition (ESANN);
    divided by the number of classes as in `torch.nn.MultiMarginLoss`.

    Deviation: of two classes it is half the hinge loss max(0, 1 - t f) of their difference f.
    """

    kind: ClassVar[str] = "hinge"
    for_classes: ClassVar[bool] = True

    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """No field of it varies."""
        return BoundHinge(outputs)


class BoundHinge(ClassLoss):
    """The margins stand in place of the outputs."""

    def __init__(self, outputs: Array) -> None:
        super().__init__(outputs)
        self._picked: Array = np.empty(outputs.shape[1:], dtype=outputs.dtype)
        self._losses = np.empty_like(self._picked)
        self._share = 1.0 / len(outputs)
        self._batch_share = self._share / outputs.shape[2]

    def examples(self) -> Array:
        """The sum over the other classes."""
        outputs = self.outputs
        self.pick(self._picked)
        np.subtract(self._picked, 1, out=self._picked)
        np.subtract(outputs, self._picked, out=outputs)
        np.maximum(outputs, 0, out=outputs)
        # A margin of infinity or nan must stay in the sum: the class itself then has none to be cleared.
        np.multiply(self._picked, 0, out=self._picked)
        self.flat[self.index] = self._picked
        sum_first_axis(outputs, self._losses)
        np.multiply(self._losses, self._share, out=self._losses)
        return self._losses

    def differentiate(self) -> None:
        """One for each class within the margin, and as much the other way for the class itself."""
        outputs = self.outputs
        np.sign(outputs, out=outputs)
        sum_first_axis(outputs, self._picked)
        np.negative(self._picked, out=self._picked)
        self.flat[self.index] = self._picked
        np.multiply(outputs, self._batch_share, out=outputs)
