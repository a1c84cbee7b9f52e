"""The Huber loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.losses.base import BoundLoss, Loss
from app.engine.losses.of_numbers import ResidualLoss
from app.engine.objective_columns import Settings


@dataclass(frozen=True, kw_only=True)
class Huber(Loss):
    """Half the square of small errors and a line for large ones, so that outliers count less.

    Rule: r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2), r = p - y

    Source: Huber 1964, doi:10.1214/aoms/1177703732; `torch.nn.HuberLoss`.
    """

    kind: ClassVar[str] = "huber"
    for_classes: ClassVar[bool] = False

    delta: Annotated[
        float, Hyper("where the line begins, in standard deviations of the targets", gt=0, le=1e6)
    ] = 1.0

    def bind(self, outputs: Array, settings: Settings | None) -> BoundLoss:
        """Bind the loss with one delta for all rows: runs with different deltas could not be compared."""
        return BoundHuber(outputs, self.delta)


class BoundHuber(ResidualLoss):
    """The Huber loss c (r - c / 2), with c the residual r clipped at delta; its derivative is c."""

    def __init__(self, outputs: Array, delta: float) -> None:
        super().__init__(outputs)
        self._delta = delta
        self._clipped = np.empty_like(self.residuals)

    def fill_losses(self) -> None:
        """Write c (r - c / 2) into the losses."""
        np.minimum(self.residuals, self._delta, out=self._clipped)
        np.maximum(self._clipped, -self._delta, out=self._clipped)
        np.multiply(self._clipped, -0.5, out=self.losses)
        np.add(self.losses, self.residuals, out=self.losses)
        np.multiply(self.losses, self._clipped, out=self.losses)

    def differentiate(self) -> None:
        """Write c / batch into the residuals."""
        np.multiply(self._clipped, self.share, out=self.residuals)
