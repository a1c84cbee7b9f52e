"""Shared parts of losses of numbers: residuals in place of the one output."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.losses.base import BoundLoss


class ResidualLoss(BoundLoss):
    """A loss of p - y, for the one output p.

    residuals: (B, batch), in place of the outputs. losses: (B, batch). share: 1 / batch.
    """

    def __init__(self, outputs: Array) -> None:
        assert len(outputs) == 1
        self.residuals: Array = outputs[0]
        self.losses: Array = np.empty_like(self.residuals)
        self.share = 1.0 / outputs.shape[-1]
        self._targets = np.empty_like(self.residuals)

    def set_targets(self, rows: slice, targets: NDArray[np.generic]) -> None:
        """Set the target numbers."""
        self._targets[rows] = targets

    def examples(self) -> Array:
        """Return the losses, computed from the residuals."""
        np.subtract(self.residuals, self._targets, out=self.residuals)
        self.fill_losses()
        return self.losses

    @abstractmethod
    def fill_losses(self) -> None:
        """Fill `losses` from `residuals`."""
