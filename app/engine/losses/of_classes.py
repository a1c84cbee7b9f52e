"""Shared parts of losses of classes: the position of the target's output, and the misclassified examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.losses.base import BoundLoss


class ClassLoss(BoundLoss):
    """A loss whose targets are classes from 0.

    outputs: (C, B, batch). flat: the outputs in one dimension. index: (B, batch), the position of the
    target's output in flat.
    """

    def __init__(self, outputs: Array) -> None:
        _, rows, batch = outputs.shape
        self.outputs = outputs
        self.flat = outputs.reshape(-1)
        self.index = np.zeros((rows, batch), dtype=np.intp)
        self._plane = rows * batch
        self._positions = np.arange(self._plane).reshape(rows, batch)

    def set_targets(self, rows: slice, targets: NDArray[np.generic]) -> None:
        """Set the positions of the targets' outputs."""
        np.add(self._positions[rows], targets * self._plane, out=self.index[rows])

    def pick(self, out: Array) -> None:
        """Write the outputs of the targets' classes into out: (B, batch)."""
        # Flat arrays take half the time. With "clip", unlike "raise", `take` writes `out` directly; the index
        # is in range by construction.
        self.flat.take(self.index.reshape(-1), out=out.reshape(-1), mode="clip")

    def wrong(self) -> NDArray[np.bool_]:
        """Return where another class has the largest output; ties go to the first class."""
        predicted = np.argmax(self.outputs, axis=0) * self._plane + self._positions
        wrong: NDArray[np.bool_] = np.not_equal(predicted, self.index)
        return wrong


def sum_first_axis(values: Array, out: Array) -> None:
    """Add (C, B, batch) along its first axis into out, one plane after the other.

    A reduction does the same, except for planes of a single element: there the axes coalesce and the
    reduction sums in pairs. A row alone would then have other bits than in a batch.
    """
    if out.size > 1:
        np.add.reduce(values, axis=0, out=out)
        return
    out[...] = values[0]
    for plane in values[1:]:
        np.add(out, plane, out=out)
