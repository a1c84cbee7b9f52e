"""The squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.losses.base import BoundLoss, Loss
from app.engine.losses.curvature import squared_error_hessian
from app.engine.losses.of_numbers import ResidualLoss
from app.engine.objective_columns import Settings


@dataclass(frozen=True, kw_only=True)
class Squared(Loss):
    """The squared error, without the factor 1 / 2.

    Rule: (p - y)^2

    Source: Hastie, Tibshirani & Friedman 2009, Elements of Statistical Learning, Section 2.4;
    `torch.nn.MSELoss`.
    """

    kind: ClassVar[str] = "squared"
    for_classes: ClassVar[bool] = False
    gives_hessian: ClassVar[bool] = True

    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """Bind the loss to the outputs; no hyperparameter differs between rows."""
        return BoundSquared(outputs)

    def fill_hessian(self, weights: Array, examples: Array, hessian: Array) -> None:
        """Fill in the Hessian, which is the same everywhere."""
        squared_error_hessian(examples, hessian)


class BoundSquared(ResidualLoss):
    """Squares of the residuals."""

    def fill_losses(self) -> None:
        """Write r^2 into the losses."""
        np.multiply(self.residuals, self.residuals, out=self.losses)

    def differentiate(self) -> None:
        """Write 2 r / batch into the residuals."""
        np.multiply(self.residuals, 2.0 * self.share, out=self.residuals)
