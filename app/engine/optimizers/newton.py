"""Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer
from app.engine.optimizers.fields import LEARNING_RATE


@dataclass(frozen=True, kw_only=True)
class Newton(Optimizer):
    """The step to the minimum of the local quadratic, with a ridge against flat directions.

    Rule: x -= learning_rate (H + damping I)^-1 g,  H the Hessian at x

    Source: Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, Sections 3.3 and 6.3 (Levenberg 1944).

    Deviation: H is not made positive definite, so that the method goes to the next point of zero gradient,
    even a saddle. A row whose matrix is singular has diverged. There is no line search; the learning rate
    damps the step. The method needs the full batch, and an objective that gives its Hessian.
    """

    kind: ClassVar[str] = "newton"
    needs_full_batch: ClassVar[bool] = True
    needs_hessian: ClassVar[bool] = True
    no_reference: ClassVar[str] = (
        "Newton's method needs the Hessian, which PyTorch does not give an optimizer"
    )

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-1, 1.0), log=True, searched=True)
    ] = 1.0
    damping: Annotated[
        float,
        Hyper(
            "added to the diagonal of the Hessian", ge=0, le=1e12, search=(1e-4, 1e2), log=True, searched=True
        ),
    ] = 0.1

    def init(self, x: Array) -> State:
        """Return zero Hessians, which are in double precision for x of any dtype."""
        rows, dimension = x.shape
        return {"hessian": np.zeros((rows, dimension, dimension))}

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update: solve (H + damping I) d = g in each row, then x -= learning_rate d."""
        hessian = state["hessian"]
        diagonal = np.einsum("bii->bi", hessian)  # a view
        diagonal += np.asarray(self.damping)
        for row in range(len(x)):
            work[row] = _solve(hessian[row], g[row])
        np.multiply(work, learning_rate.astype(x.dtype), out=work)
        np.subtract(x, work, out=x)

    def state_size(self, dimension: int) -> int:
        """Return the count of numbers for two copies of the Hessian."""
        return 2 * dimension**2 + 3 * dimension

    def extra_cost(self, dimension: int) -> float:
        """Return the operations of one Gaussian elimination."""
        return dimension**3


def _solve(matrix: Array, vector: Array) -> Array:
    """Return the solution, or nan if the matrix is singular, which ends the run as diverged."""
    try:
        return np.asarray(np.linalg.solve(matrix, vector.astype(np.float64)))
    except np.linalg.LinAlgError:
        return np.full_like(vector, np.nan)
