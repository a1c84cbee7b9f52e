"""What a batch returns: how each run ended, its values, and its trajectory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array


class Outcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    PRUNED = "pruned"
    DIVERGED = "diverged"


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """The recorded rows of one run: row k is the state before update k, the last one after the last update.

    A run of at most 1,000 steps has steps + 1 rows; a longer one at most 1,001, which keep the extremes of
    the loss. A run that was pruned or diverged ends where it stopped.
    """

    step: NDArray[np.int64]  # (n,)
    loss: Array  # (n,) what the update saw: its minibatch with the penalty; exact for functions
    validation_loss: Array  # (n,) nan except at rungs and in the last row; nan throughout for functions
    learning_rate: NDArray[np.float64]  # (n,) nan in the last row, which has no update
    gradient_norm: NDArray[np.float32]  # (n,) Euclidean, of the gradient that the update saw, before clipping
    gradient_norm_l1: NDArray[np.float32]  # (n,) sum of magnitudes of the same
    parameters: Array | None  # (n, D) where the run is measured, where D <= 10, else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """The trajectories of B runs in columns, (B, n); of run i its first `counts[i]` rows count."""

    counts: NDArray[np.int64]  # (B,)
    step: NDArray[np.int64]
    loss: Array
    validation_loss: Array
    learning_rate: NDArray[np.float64]
    gradient_norm: NDArray[np.float32]
    gradient_norm_l1: NDArray[np.float32]
    parameters: Array | None  # (B, n, D)

    def of_run(self, index: int) -> Trajectory:
        """That of one run, as views."""
        own = index, slice(self.counts[index])
        return Trajectory(
            step=self.step[own],
            loss=self.loss[own],
            validation_loss=self.validation_loss[own],
            learning_rate=self.learning_rate[own],
            gradient_norm=self.gradient_norm[own],
            gradient_norm_l1=self.gradient_norm_l1[own],
            parameters=None if self.parameters is None else self.parameters[own],
        )


class Trajectories(Sequence[Trajectory]):
    """Those of B runs, in columns that are made when the first of them is read.

    A batch keeps what passes by; putting it in order, run by run, is left to whoever reads it. The first read
    does so for all of them, and briefly takes about as much memory again; it is for one thread.
    """

    def __init__(self, runs: int, make: Callable[[], Columns]) -> None:
        self._runs = runs
        self._make: Callable[[], Columns] | None = make
        self._columns: Columns | None = None

    def __len__(self) -> int:
        return self._runs

    @overload
    def __getitem__(self, index: int) -> Trajectory: ...

    @overload
    def __getitem__(self, index: slice) -> list[Trajectory]: ...

    def __getitem__(self, index: int | slice) -> Trajectory | list[Trajectory]:
        """That of one run, or of several."""
        if self._make is not None:
            self._columns, self._make = self._make(), None  # what they were made of is given up
        assert self._columns is not None
        if isinstance(index, slice):
            return [self._columns.of_run(i) for i in range(*index.indices(len(self)))]
        return self._columns.of_run(index)


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchResult:
    """The results of B runs, in the order in which they were given."""

    outcomes: list[Outcome]
    values: NDArray[np.float64]  # (B,) the objective's metric after the last update; nan unless completed
    metrics: dict[str, NDArray[np.float64]]  # each (B,), after the last update; nan unless completed
    steps_done: NDArray[np.int64]  # (B,) updates made
    rung_steps: NDArray[np.int64]  # (R,)
    rung_values: NDArray[np.float64]  # (B, R) the metric at each rung; nan where the run did not reach it
    reasons: list[str | None]  # why a run was pruned or diverged; None where it completed
    trajectories: Sequence[Trajectory] | None  # None where the batch did not record
