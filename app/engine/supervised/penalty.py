"""The l2 penalty of a block of rows, each with its own coefficient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.objective_columns import mask_slices


@dataclass(frozen=True, kw_only=True)
class PenaltyFields:
    """The hyperparameters of the penalty in a job."""

    l2: Annotated[
        float,
        Hyper(
            "l2 * sum(weights^2) is added to the training loss; biases, gains and shifts are left out",
            ge=0,
            le=100,
            search=(1e-6, 1e-1),
            log=True,
            regularises=True,
            per_run=True,
        ),
    ] = 0.0


class Penalty:
    """The penalty coefficient * sum(weights^2), biases left out, on the rows with a positive coefficient.

    coefficients: (B, 1). weight_mask: (D,).
    """

    def __init__(
        self, coefficients: NDArray[np.float64], weight_mask: NDArray[np.bool_], x: Array, g: Array
    ) -> None:
        self._coefficients = coefficients
        self._weight_mask = weight_mask
        self._parts = [
            (rows, x[rows], g[rows], (2.0 * coefficients[rows] * weight_mask).astype(x.dtype))
            for rows in mask_slices(coefficients[:, 0] > 0.0)
        ]

    def add(self, losses: Array) -> None:
        """Add the penalty to the losses, (B,), and its derivative to the gradients."""
        for rows, x, g, doubled in self._parts:
            derivative = x * doubled
            np.add(g, derivative, out=g)
            np.multiply(derivative, 0.5, out=derivative)
            np.add(losses[rows], np.vecdot(derivative, x), out=losses[rows])

    def add_curvature(self, row: int, hessian: Array) -> None:
        """Add the curvature of one row's penalty to its Hessian, (D, D) float64."""
        doubled = 2.0 * self._coefficients[row] * self._weight_mask
        np.einsum("ii->i", hessian)[...] += doubled
