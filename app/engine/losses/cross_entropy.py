"""Softmax cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.losses.base import BoundLoss, Loss
from app.engine.losses.curvature import cross_entropy_hessian
from app.engine.losses.of_classes import ClassLoss, sum_first_axis
from app.engine.objective_columns import Settings, mask_slices


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """The negative logarithm of the probability that a softmax gives the class.

    Rule: -log softmax(z)[y];  in training with label smoothing s the mean over targets, (1 - s) for y and s
    spread evenly over all C classes

    Source: Bishop 2006, Pattern Recognition and Machine Learning, Section 4.3.4; label smoothing as in
    Szegedy et al. 2015, arXiv:1512.00567, Section 7, and `torch.nn.CrossEntropyLoss`.

    Deviation: two classes have an output each, as any other number of classes has; the difference of the two
    outputs is the logit of logistic regression. Every metric is measured without label smoothing, so that
    runs with different smoothing compare.
    """

    kind: ClassVar[str] = "cross_entropy"
    for_classes: ClassVar[bool] = True
    gives_hessian: ClassVar[bool] = True

    label_smoothing: Annotated[
        float,
        Hyper(
            "share of the target that is spread over all classes in training",
            ge=0,
            lt=1,
            search=(0.0, 0.2),
            per_run=True,
        ),
    ] = 0.0

    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """Bind the loss to the outputs, with label smoothing if some row has it."""
        if settings is None or not np.any(settings["loss.label_smoothing"]):
            return BoundCrossEntropy(outputs)
        return SmoothedCrossEntropy(outputs, settings["loss.label_smoothing"])

    def fill_hessian(self, weights: Array, examples: Array, hessian: Array) -> None:
        """Fill in the Hessian; label smoothing adds a linear term, which has no curvature."""
        cross_entropy_hessian(weights, examples, hessian)


class BoundCrossEntropy(ClassLoss):
    """The loss log(sum(exp(z))) - z[class], shifted by the largest z against overflow."""

    def __init__(self, outputs: Array) -> None:
        super().__init__(outputs)
        self._picked: Array = np.empty(outputs.shape[1:], dtype=outputs.dtype)
        self._top = np.empty_like(self._picked)
        self._total = np.empty_like(self._picked)
        self._share = 1.0 / outputs.shape[2]

    def examples(self) -> Array:
        """Return the losses; the outputs become exp(z - top)."""
        outputs = self.outputs
        np.maximum.reduce(outputs, axis=0, out=self._top)
        np.subtract(outputs, self._top, out=outputs)
        self._read_shifted_outputs()
        np.exp(outputs, out=outputs)
        sum_first_axis(outputs, self._total)
        np.log(self._total, out=self._top)
        np.subtract(self._top, self._picked, out=self._top)
        return self._top

    def differentiate(self) -> None:
        """Replace the outputs by (softmax - one hot) / batch."""
        np.divide(self._share, self._total, out=self._total)
        np.multiply(self.outputs, self._total, out=self.outputs)
        self.pick(self._picked)
        np.subtract(self._picked, self._share, out=self._picked)
        self.flat[self.index] = self._picked

    def _read_shifted_outputs(self) -> None:
        """Read from the shifted outputs what the loss needs, before they are overwritten."""
        self.pick(self._picked)


class SmoothedCrossEntropy(BoundCrossEntropy):
    """The cross-entropy with label smoothing in some rows; rows without smoothing compute no extra term."""

    def __init__(self, outputs: Array, smoothing: Array) -> None:
        super().__init__(outputs)
        self._smoothed_slices = mask_slices(smoothing[:, 0] > 0.0)
        self._hard = (1.0 - smoothing).astype(outputs.dtype)
        self._uniform = (smoothing / len(outputs)).astype(outputs.dtype)
        self._class_share = (smoothing * self._share).astype(outputs.dtype)
        self._uniform_share = (smoothing * self._share / len(outputs)).astype(outputs.dtype)
        self._sum = np.empty_like(self._picked)

    def differentiate(self) -> None:
        """Replace the outputs by (softmax - (1 - s) one hot - s / C) / batch."""
        super().differentiate()
        for rows in self._smoothed_slices:
            np.subtract(self.outputs[:, rows], self._uniform_share[rows], out=self.outputs[:, rows])
            index = self.index[rows]
            self.flat[index] += self._class_share[rows]

    def _read_shifted_outputs(self) -> None:
        """Compute (1 - s) z[class] + s mean(z) in the rows with smoothing."""
        super()._read_shifted_outputs()
        for rows in self._smoothed_slices:
            picked, total = self._picked[rows], self._sum[rows]
            sum_first_axis(self.outputs[:, rows], total)
            np.multiply(picked, self._hard[rows], out=picked)
            np.multiply(total, self._uniform[rows], out=total)
            np.add(picked, total, out=picked)
