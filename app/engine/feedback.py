"""Follows loss-driven schedules through a run: tells them the losses, and remembers the factors they gave."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.schedules.lengths import updates
from app.engine.schedules.loss_driven import LossDriven
from app.engine.stack import stack


class Feedback:
    """The factors of B runs of one loss-driven kind, as far as their losses are known."""

    def __init__(self, schedules: Sequence[LossDriven], horizon: int) -> None:
        self._schedule = stack(schedules)
        self._horizon = horizon
        self._warmup = updates(self._schedule.warmup_fraction, horizon)
        self._rest = np.maximum(horizon - self._warmup, 1.0)
        self._state = self._schedule.begin(len(schedules))
        # Factors are constant from one change to the next; of each row, the updates of its changes and what
        # it changed to.
        self._changes = [(array("q", [0]), array("d", [1.0])) for _ in schedules]
        self._last_change = 0

    def observe(self, step: int, losses: Array) -> None:
        """Takes the losses that update `step` of each run sees, (B,); in the order of steps."""
        k = step - self._warmup
        before = self._state
        after = self._schedule.observe(k, losses.astype(np.float64)[:, np.newaxis], self._rest, before)
        counts = k >= 0.0
        self._state = {name: np.where(counts, after[name], before[name]) for name in before}
        changed = self._state["factor"] != before["factor"]
        for row in np.flatnonzero(changed).tolist():
            steps, factors = self._changes[row]
            steps.append(step + 1)
            factors.append(self._state["factor"][row, 0])
            self._last_change = step + 1

    def at(self, steps: Array, horizon: int) -> Array:
        """The factors of updates whose losses before them are known: (n,) or (B, n) to (B, n)."""
        rows = len(self._changes)
        steps = np.broadcast_to(steps, (rows, steps.shape[-1]))
        if steps.min() >= self._last_change:
            factors = np.broadcast_to(self._state["factor"], steps.shape)
        else:
            factors = np.stack([self._factors_of(row, steps[row]) for row in range(rows)])
        return self._schedule.after_warmup(steps, self._warmup, factors)

    def _factors_of(self, row: int, steps: Array) -> NDArray[np.float64]:
        since, factors = self._changes[row]
        found: NDArray[np.float64] = np.array(factors)[np.searchsorted(since, steps, side="right") - 1]
        return found


def taken(schedule: LossDriven, losses: Sequence[float] | Array) -> Array:
    """The factors that a run takes whose updates see these losses, one an update: (T,)."""
    horizon = len(losses)
    feedback = Feedback([schedule], horizon)
    for step, loss in enumerate(losses):
        feedback.observe(step, np.array([loss]))
    return np.asarray(feedback.at(np.arange(horizon, dtype=np.float64), horizon)[0])
