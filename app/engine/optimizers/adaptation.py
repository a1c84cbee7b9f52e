"""What the optimizers share that estimate their own learning rate: columns of row sums, and rates of zero."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import Optimizer


@dataclass(frozen=True, kw_only=True)
class SkippingOptimizer(Optimizer):
    """An optimizer whose update at a learning rate of zero leaves everything as it was, its averages too."""

    @abstractmethod
    def advance(self, x: Array, g: Array, learning_rate: Column, state: State, work: Array) -> None:
        """Applies the next update; arguments as of `step`, every rate above zero."""

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """The update, from which rows with a rate of zero are put back; a warmup may begin with one."""
        idle = np.flatnonzero(learning_rate[:, 0] == 0.0)
        if not idle.size:
            self.advance(x, g, learning_rate, state, work)
            return
        before, x_before = {name: column[idle] for name, column in state.items()}, x[idle]
        self.advance(x, g, learning_rate, state, work)
        x[idle] = x_before
        for name, column in before.items():
            state[name][idle] = column


def correction(beta1: Any, beta2: Any, updates: Array) -> Column:
    """Return Adam's factor of the rate in the next update, which corrects the bias of both averages.

    updates: how many each row had before.
    """
    # Any: columns once stacked.
    # NumPy's own power takes other ways to the last bit in long arrays than in short ones.
    powers = [np.float_power(beta, updates + 1.0) for beta in (beta1, beta2)]
    return np.asarray(np.sqrt(1.0 - powers[1]) / (1.0 - powers[0]))


def norms(values: Array) -> NDArray[np.float64]:
    """The Euclidean norm of each row, (B,), in double precision."""
    found: NDArray[np.float64] = np.sqrt(np.vecdot(values, values).astype(np.float64))
    return found


def column(values: NDArray[np.float64], like: Array) -> Column:
    """One number a row, (B,), as a column as wide as `like`."""
    return np.repeat(values[:, np.newaxis], like.shape[1], axis=1)


def dots(a: Array, b: Array, like: Array) -> Column:
    """The inner product of each row of both, as a column as wide as `like`."""
    return column(np.vecdot(a, b).astype(np.float64), like)


def magnitudes(values: Array, like: Array, work: Array) -> Column:
    """The sum of magnitudes of each row, as a column as wide as `like`."""
    np.abs(values, out=work)
    # A product with ones is a faster sum than a reduction's, and its bits depend on nothing but the row.
    return column(np.vecdot(work, np.ones_like(work[0])).astype(np.float64), like)


def grown(estimate: Array, numerator: Array, denominator: Array) -> Column:
    """The larger of an estimate and a new one, numerator / denominator; the old one where that is 0 / 0."""
    found = numerator / np.where(denominator == 0.0, 1.0, denominator)
    return np.maximum(estimate, np.where(denominator == 0.0, estimate, found))
