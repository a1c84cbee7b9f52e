"""The absolute error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.losses.base import BoundLoss, Loss
from app.engine.losses.of_numbers import ResidualLoss
from app.engine.objective_columns import Settings


@dataclass(frozen=True, kw_only=True)
class Absolute(Loss):
    """The absolute error, least at the median.

    Rule: |p - y|; the derivative at 0 is 0

    Source: Hastie, Tibshirani & Friedman 2009, Elements of Statistical Learning, Section 10.6;
    `torch.nn.L1Loss`.
    """

    kind: ClassVar[str] = "absolute"
    for_classes: ClassVar[bool] = False

    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """Bind the loss to the outputs; no hyperparameter differs between rows."""
        return BoundAbsolute(outputs)


class BoundAbsolute(ResidualLoss):
    """Magnitudes of the residuals."""

    def fill_losses(self) -> None:
        """Write |r| into the losses."""
        np.abs(self.residuals, out=self.losses)

    def differentiate(self) -> None:
        """Write sign(r) / batch into the residuals."""
        np.sign(self.residuals, out=self.residuals)
        np.multiply(self.residuals, self.share, out=self.residuals)
