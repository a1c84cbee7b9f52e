"""Shared parts of optimizers that estimate their learning rate: row sums, and updates at a rate of zero."""

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
    """An optimizer that skips updates at a learning rate of zero: x and all averages stay as they were."""

    @abstractmethod
    def advance(self, x: Array, g: Array, learning_rate: Column, state: State, work: Array) -> None:
        """Apply the next update; arguments as of `step`, every rate above zero."""

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update, then restore rows with a rate of zero; a warmup may begin with such a rate."""
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

    updates: the number of updates that each row had before.
    """
    # Any: columns once stacked.
    # NumPy's `power` rounds the last bit differently in long and in short arrays.
    powers = [np.float_power(beta, updates + 1.0) for beta in (beta1, beta2)]
    return np.asarray(np.sqrt(1.0 - powers[1]) / (1.0 - powers[0]))


def norms(values: Array) -> NDArray[np.float64]:
    """Return the Euclidean norm of each row, (B,), in double precision."""
    euclidean: NDArray[np.float64] = np.sqrt(np.vecdot(values, values).astype(np.float64))
    return euclidean


def column(values: NDArray[np.float64], like: Array) -> Column:
    """Return one number per row, (B,), as a column as wide as `like`."""
    return np.repeat(values[:, np.newaxis], like.shape[1], axis=1)


def dots(a: Array, b: Array, like: Array) -> Column:
    """Return the inner product of each pair of rows, as a column as wide as `like`."""
    return column(np.vecdot(a, b).astype(np.float64), like)


def magnitudes(values: Array, like: Array, work: Array) -> Column:
    """Return the sum of magnitudes of each row, as a column as wide as `like`."""
    np.abs(values, out=work)
    # An inner product with ones is faster than a reduction, and its bits depend on the row alone.
    return column(np.vecdot(work, np.ones_like(work[0])).astype(np.float64), like)


def grown(estimate: Array, numerator: Array, denominator: Array) -> Column:
    """Return the larger of an estimate and numerator / denominator; the estimate itself for 0 / 0."""
    quotient = numerator / np.where(denominator == 0.0, 1.0, denominator)
    return np.maximum(estimate, np.where(denominator == 0.0, estimate, quotient))
