"""The losses of a network's outputs: each example's loss, the gradient in place, and the error rate."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array


class Loss(ABC):
    """The loss of outputs (O, B, batch) against targets that a section of rows shares."""

    @abstractmethod
    def aim(self, rows: slice, targets: Array) -> None:
        """Sets the targets of some rows: (batch,)."""

    @abstractmethod
    def examples(self) -> Array:
        """The loss of every example, (B, batch); may change the outputs."""

    @abstractmethod
    def differentiate(self) -> None:
        """Puts the gradient of the mean loss in place of the outputs; after `examples`."""

    @abstractmethod
    def wrong(self) -> NDArray[np.bool_]:
        """Which examples are misclassified, (B, batch); before `examples`, where there are classes."""


class CrossEntropy(Loss):
    """Softmax cross-entropy, -log softmax(outputs)[class], with the class as target."""

    def __init__(self, outputs: Array) -> None:
        _, rows, batch = outputs.shape
        self._outputs = outputs
        self._flat = outputs.reshape(-1)
        self._plane = rows * batch
        self._positions = np.arange(self._plane).reshape(rows, batch)
        self._index = np.zeros((rows, batch), dtype=np.intp)  # of the target's output in `flat`
        self._picked: Array = np.empty((rows, batch), dtype=outputs.dtype)
        self._top = np.empty_like(self._picked)
        self._total = np.empty_like(self._picked)
        self._share = 1.0 / batch

    def aim(self, rows: slice, targets: Array) -> None:
        """Where the target's outputs are."""
        np.add(self._positions[rows], targets * self._plane, out=self._index[rows])

    def examples(self) -> Array:
        """log(sum(exp(z))) - z[class], shifted by the largest z against overflow."""
        outputs = self._outputs
        np.maximum.reduce(outputs, axis=0, out=self._top)
        np.subtract(outputs, self._top, out=outputs)
        # With "clip", unlike "raise", `out` is written directly; the index is in range by construction.
        np.take(self._flat, self._index, out=self._picked, mode="clip")
        np.exp(outputs, out=outputs)
        _sum_first_axis(outputs, self._total)
        np.log(self._total, out=self._top)
        np.subtract(self._top, self._picked, out=self._top)
        return self._top

    def differentiate(self) -> None:
        """(softmax - one hot) / batch."""
        np.divide(self._share, self._total, out=self._total)
        np.multiply(self._outputs, self._total, out=self._outputs)
        np.take(self._flat, self._index, out=self._picked, mode="clip")
        np.subtract(self._picked, self._share, out=self._picked)
        self._flat[self._index] = self._picked

    def wrong(self) -> NDArray[np.bool_]:
        """Where another class has the largest output; ties go to the first class."""
        found = np.argmax(self._outputs, axis=0) * self._plane + self._positions
        wrong: NDArray[np.bool_] = np.not_equal(found, self._index)
        return wrong


class SquaredError(Loss):
    """(p - y)^2, without a half."""

    def __init__(self, outputs: Array) -> None:
        assert len(outputs) == 1
        batch = outputs.shape[-1]
        self._residuals: Array = outputs[0]
        self._targets = np.empty_like(self._residuals)
        self._squares: Array = np.empty_like(self._residuals)
        self._share = 2.0 / batch

    def aim(self, rows: slice, targets: Array) -> None:
        """The numbers to meet."""
        self._targets[rows] = targets

    def examples(self) -> Array:
        """The squares of the residuals."""
        np.subtract(self._residuals, self._targets, out=self._residuals)
        np.multiply(self._residuals, self._residuals, out=self._squares)
        return self._squares

    def differentiate(self) -> None:
        """2 (p - y) / batch."""
        np.multiply(self._residuals, self._share, out=self._residuals)

    def wrong(self) -> NDArray[np.bool_]:
        """A regression has no classes."""
        raise NotImplementedError("a squared error has no misclassified examples")


def _sum_first_axis(values: Array, out: Array) -> None:
    """Adds (C, B, batch) along its first axis, one plane after the other.

    A reduction does that too, but not for planes of a single element: there the axes coalesce and it sums in
    pairs, so that a row alone would have other bits than in company.
    """
    if out.size > 1:
        np.add.reduce(values, axis=0, out=out)
        return
    out[...] = values[0]
    for plane in values[1:]:
        np.add(out, plane, out=out)
