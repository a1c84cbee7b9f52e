"""The interface of an objective, in three parts.

An `Objective` is named by a job. A `Problem` is one replicate of the objective at one batch size: the start,
and the minibatches or the noise, drawn once for all rows that share the replicate. A `Workspace` holds the
buffers of a block of rows and computes their losses and gradients.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objective_columns import Settings

Scores: TypeAlias = dict[str, NDArray[np.float64]]  # each (B,)


class Problem(ABC):
    """One replicate of an objective at one batch size."""

    @abstractmethod
    def start(self, settings: Mapping[str, float] | None = None) -> Array:
        """Return the start of a run of the replicate, (D,). settings: values of this run, if any."""

    @abstractmethod
    def draw(self, steps: int) -> None:
        """Draw what the next `steps` evaluations need, in place of the former draws."""

    def bytes_per_step(self) -> int:
        """Return the memory of one drawn step, which bounds how many steps are drawn at once."""
        return 0


class Workspace(ABC):
    """The buffers of a block of B rows, bound to their parameters x and gradients g, (B, D)."""

    @abstractmethod
    def evaluate(self, drawn: int, losses: Array) -> None:
        """Fill g with the gradients at x, and `losses`, (B,), with the losses at x.

        drawn: the number of the draw to use, counted from the last call of `Problem.draw`.
        """

    @property
    def defers_losses(self) -> bool:
        """Return whether `evaluate` leaves the losses to `fill_deferred_losses`."""
        return False

    def fill_deferred_losses(self, drawn: int, positions: Array, losses: Array) -> None:
        """Fill in the losses, (S, B), of S positions, (S, B, D), that `evaluate` deferred.

        drawn: the draw of the first position. Called if `defers_losses`, at the end of a chunk, or after each
        step if some rate follows the losses. One large evaluation is faster than many small ones.
        """
        raise NotImplementedError(f"{type(self).__name__} defers no losses")

    def fill_hessians(self, rows: slice, hessians: Array) -> None:
        """Fill hessians, (b, D, D) float64, with the Hessians of the training loss at some rows of x.

        The Hessians are those of the full batch. Called only if the objective `gives_hessian`.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no Hessian")

    @abstractmethod
    def score(self, losses: Array | None) -> Scores:
        """Return the scores of a rung and of the last row, with the objective's metric.

        losses: (B,), of the last evaluation, at the same x; None if x is another point.
        """

    @abstractmethod
    def summarise(self, losses: Array | None) -> Scores:
        """Return every metric of a completed run, with the objective's metric."""


class Objective(Protocol):
    """The interface of what a job optimises; an implementation is a frozen, picklable dataclass."""

    @property
    def dimension(self) -> int:
        """Return D, the number of parameters."""

    @property
    def deterministic(self) -> bool:
        """Return whether all replicates are the same."""

    @property
    def metric(self) -> str:
        """Return the name of the score that is a run's value; lower is better."""

    @property
    def gives_hessian(self) -> bool:
        """Return whether workspaces can fill Hessians, for optimizers that need them."""

    @property
    def settings(self) -> Mapping[str, float]:
        """Return the hyperparameters in which the runs of a batch can differ, with their defaults."""

    def cost(self, batch_size: int | None) -> float:
        """Return the estimated floating point operations of one update of one run, optimizer included.

        The estimate is a fixed formula of the shapes, by which batches are cut; it must not depend on
        measured time.
        batch_size: None for the full batch.
        """

    def problem(self, seed: int, replicate: int, batch_size: int | None, dtype: type) -> Problem:
        """Return one replicate at one batch size; ValueError if the batch size does not fit the data."""

    def workspace(
        self, problems: Sequence[Problem], x: Array, g: Array, settings: Settings | None = None
    ) -> Workspace:
        """Return the arithmetic of a block of rows: row i solves problems[i], and all have one batch size.

        x, g: (B, D), kept by reference; every evaluation reads x and fills g. settings: columns of the rows,
        by any of the names in `settings`; other names stay at their default.
        """

    def row_bytes(self, batch_size: int | None, dtype: type) -> int:
        """Return the memory that one row of a workspace touches in a step, without the optimizer's arrays."""
