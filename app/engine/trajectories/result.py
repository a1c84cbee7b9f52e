"""The results of a batch: how each run ended, its values, and its trajectory."""

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
    """The recorded rows of one run: row k is the state before update k, the last row the state at the end.

    A run of at most 1,000 steps has steps + 1 rows. A longer run has at most 1,001 rows, which keep the
    extremes of the loss. A run that was pruned or diverged ends where it stopped.
    """

    step: NDArray[np.int64]  # (n,)
    loss: Array  # (n,) as the update saw it: on its minibatch, with the penalty; exact for functions
    validation_loss: Array  # (n,) nan except at rungs and in the last row; nan throughout for functions
    learning_rate: NDArray[np.float64]  # (n,) nan in the last row, which has no update
    gradient_norm: NDArray[np.float32]  # (n,) Euclidean, of the gradient that the update saw, before clipping
    gradient_norm_l1: NDArray[np.float32]  # (n,) sum of magnitudes of the same
    parameters: Array | None  # (n, D) points of measurement if D <= 10, else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """The trajectories of B runs in columns, (B, n); only the first `counts[i]` rows of run i are valid."""

    counts: NDArray[np.int64]  # (B,)
    step: NDArray[np.int64]
    loss: Array
    validation_loss: Array
    learning_rate: NDArray[np.float64]
    gradient_norm: NDArray[np.float32]
    gradient_norm_l1: NDArray[np.float32]
    parameters: Array | None  # (B, n, D)

    def of_run(self, index: int) -> Trajectory:
        """Return the trajectory of one run, as views."""
        rows = index, slice(self.counts[index])
        return Trajectory(
            step=self.step[rows],
            loss=self.loss[rows],
            validation_loss=self.validation_loss[rows],
            learning_rate=self.learning_rate[rows],
            gradient_norm=self.gradient_norm[rows],
            gradient_norm_l1=self.gradient_norm_l1[rows],
            parameters=None if self.parameters is None else self.parameters[rows],
        )


class Trajectories(Sequence[Trajectory]):
    """The trajectories of B runs, in columns that are made when the first trajectory is read.

    A batch stores evaluations in the order of steps; the first read sorts them by run, for all runs at once.
    The first read briefly takes about as much memory again, and must not run in two threads.
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
        """Return the trajectory of one run, or of several runs."""
        if self._make is not None:
            self._columns, self._make = self._make(), None  # frees what the columns were made of
        assert self._columns is not None
        if isinstance(index, slice):
            return [self._columns.of_run(i) for i in range(*index.indices(len(self)))]
        return self._columns.of_run(index)


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchResult:
    """The results of B runs, in the given order."""

    outcomes: list[Outcome]
    values: NDArray[np.float64]  # (B,) the objective's metric after the last update; nan unless completed
    metrics: dict[str, NDArray[np.float64]]  # each (B,), after the last update; nan unless completed
    steps_done: NDArray[np.int64]  # (B,) updates made
    rung_steps: NDArray[np.int64]  # (R,)
    rung_values: NDArray[np.float64]  # (B, R) the metric at each rung; nan where the run did not reach it
    reasons: list[str | None]  # why a run was pruned or diverged; None if it completed
    trajectories: Sequence[Trajectory] | None  # None if the batch did not record
