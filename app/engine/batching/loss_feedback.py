"""Follows loss-driven schedules through a run: passes the losses to them and stores their factors."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, State
from app.engine.batching.stacking import select, stack
from app.engine.schedules.lengths import updates
from app.engine.schedules.loss_driven import LossDriven

# Factors are constant from one change to the next: the updates at which a row changes, and the new factors.
Changes: TypeAlias = "tuple[array[int], array[float]]"


class Feedback:
    """The factors of B runs of one loss-driven kind, as far as their losses are known."""

    def __init__(self, schedules: Sequence[LossDriven], horizon: int) -> None:
        stacked = stack(schedules)
        changes = [(array("q", [0]), array("d", [1.0])) for _ in schedules]
        self._set(stacked, horizon, stacked.begin(len(schedules)), changes, 0)

    def _set(
        self, schedule: LossDriven, horizon: int, state: State, changes: list[Changes], last_change: int
    ) -> None:
        self._schedule = schedule
        self._horizon = horizon
        self._warmup = updates(schedule.warmup_fraction, horizon)
        self._longest_warmup = float(self._warmup.max())
        self._rest = np.maximum(horizon - self._warmup, 1.0)
        self._state = state
        self._changes = changes
        self._last_change = last_change

    def take(self, index: NDArray[np.intp]) -> Feedback:
        """Return a feedback of some rows that advances ahead of the others; `put_back` takes its state."""
        part = Feedback.__new__(Feedback)
        state = {name: column[index] for name, column in self._state.items()}
        changes = [self._changes[row] for row in index.tolist()]
        part._set(select(self._schedule, index), self._horizon, state, changes, self._last_change)
        return part

    def put_back(self, index: NDArray[np.intp], part: Feedback) -> None:
        """Take over the state of the rows that `take` returned."""
        for name, column in part._state.items():
            self._state[name][index] = column
        self._last_change = max(self._last_change, part._last_change)

    def observe(self, step: int, losses: Array) -> bool:
        """Take the losses, (B,), that update `step` of each run sees; call in the order of steps.

        Returns whether the losses change the factor of a later update.
        """
        k = step - self._warmup
        before = self._state
        after = self._schedule.observe(k, losses.astype(np.float64)[:, np.newaxis], self._rest, before)
        if step < self._longest_warmup:
            counts = k >= 0.0
            after = {name: np.where(counts, after[name], before[name]) for name in before}
        self._state = after
        changed = after["factor"] != before["factor"]
        if not changed.any():
            return False
        for row in np.flatnonzero(changed).tolist():
            steps, factors = self._changes[row]
            steps.append(step + 1)
            factors.append(self._state["factor"][row, 0])
            self._last_change = step + 1
        return True

    def at(self, steps: Array, horizon: int) -> Array:
        """Return the factors of updates whose earlier losses are known: (n,) or (B, n) to (B, n)."""
        rows = len(self._changes)
        steps = np.broadcast_to(steps, (rows, steps.shape[-1]))
        if steps.min() >= self._last_change:
            factors = np.broadcast_to(self._state["factor"], steps.shape)
        else:
            factors = np.stack([self._factors_of(row, steps[row]) for row in range(rows)])
        return self._schedule.after_warmup(steps, self._warmup, factors)

    def _factors_of(self, row: int, steps: Array) -> NDArray[np.float64]:
        since, factors = self._changes[row]
        current: NDArray[np.float64] = np.array(factors)[np.searchsorted(since, steps, side="right") - 1]
        return current


def realised_factors(schedule: LossDriven, losses: Sequence[float] | Array) -> Array:
    """Return the factors of a run whose updates see these losses, one factor per update: (T,)."""
    horizon = len(losses)
    feedback = Feedback([schedule], horizon)
    for step, loss in enumerate(losses):
        feedback.observe(step, np.array([loss]))
    return np.asarray(feedback.at(np.arange(horizon, dtype=np.float64), horizon)[0])
