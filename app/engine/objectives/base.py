"""What a batch optimises, in three parts.

An `Objective` is what a job names. A `Problem` is one replicate of it at one batch size: the start, and the
minibatches or the noise, drawn once for all rows that share it. A `Workspace` holds the buffers of a block
of rows and computes their losses and gradients.
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
        """Where a run of the replicate starts: (D,). settings: what it has of its own, if anything."""

    @abstractmethod
    def draw(self, steps: int) -> None:
        """Draws what the next `steps` evaluations need, in place of what was drawn before."""

    def bytes_per_step(self) -> int:
        """The memory that one drawn step takes; it bounds how many are drawn at once."""
        return 0


class Workspace(ABC):
    """The buffers of a block of B rows, bound to their parameters x and gradients g, (B, D)."""

    @abstractmethod
    def evaluate(self, drawn: int, losses: Array) -> None:
        """Fills g with the gradients at x and `losses`, (B,), with the losses there.

        drawn: which draw to use, counted from the last call of `Problem.draw`.
        """

    @property
    def puts_off_losses(self) -> bool:
        """Whether `evaluate` leaves the losses to `settle`."""
        return False

    def settle(self, drawn: int, positions: Array, losses: Array) -> None:
        """Completes what `evaluate` put off: the losses, (S, B), of S positions, (S, B, D).

        drawn: which draw the first of them used. Called where `puts_off_losses`, at the end of a chunk unless
        some rate follows the losses; many small evaluations are slower than one.
        """
        raise NotImplementedError(f"{type(self).__name__} puts no losses off")

    def fill_hessians(self, rows: slice, hessians: Array) -> None:
        """Fills hessians, (b, D, D) float64, with those of the training loss at some rows of x.

        They are those of the full batch. Called only where the objective `gives_hessian`.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no Hessian")

    @abstractmethod
    def score(self, losses: Array | None) -> Scores:
        """What a rung and the last row report, the objective's metric among it.

        losses: (B,), of the last evaluation, at the same x; None where x is another one.
        """

    @abstractmethod
    def summarise(self, losses: Array | None) -> Scores:
        """Every metric of a completed run, the objective's among them."""


class Objective(Protocol):
    """What a job optimises; an implementation is a frozen, picklable dataclass."""

    @property
    def dimension(self) -> int:
        """D, the number of parameters."""

    @property
    def deterministic(self) -> bool:
        """Whether all replicates are the same."""

    @property
    def metric(self) -> str:
        """The name of the score that is a run's value; lower is better."""

    @property
    def uses_minibatches(self) -> bool:
        """Whether a run has a batch size."""

    @property
    def gives_hessian(self) -> bool:
        """Whether workspaces can fill Hessians, for optimizers that need them."""

    @property
    def settings(self) -> Mapping[str, float]:
        """The hyperparameters that each run of a batch can have of its own, with their defaults."""

    def cost(self, batch_size: int | None) -> float:
        """Estimated floating point operations of one update of one run, optimizer included.

        A fixed formula of the shapes, by which batches are cut: it must not depend on measured time.
        batch_size: None for the full batch.
        """

    def problem(self, seed: int, replicate: int, batch_size: int | None, dtype: type) -> Problem:
        """One replicate at one batch size; ValueError where the batch size does not fit the data."""

    def workspace(
        self, problems: Sequence[Problem], x: Array, g: Array, settings: Settings | None = None
    ) -> Workspace:
        """The arithmetic of a block of rows: row i solves problems[i], and all have one batch size.

        x, g: (B, D), kept and read or filled by every evaluation. settings: columns of the rows, of any of
        the names that `settings` has; the others stay at their default.
        """

    def row_bytes(self, batch_size: int | None, dtype: type) -> int:
        """The memory that one row of a workspace touches in a step, apart from the optimizer's arrays."""
