"""The learning rates of a batch, one chunk of steps at a time, and the momenta of cycling schedules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.batching.loss_feedback import Feedback
from app.engine.batching.stacking import stack
from app.engine.schedules import Schedule
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import MomentumCycling, cycling


class Rates:
    """The learning rates of B runs of `horizon` updates, and their momenta if schedules cycle them.

    Schedules of one kind are evaluated together.
    """

    def __init__(self, schedules: Sequence[Schedule], peaks: Sequence[float], horizon: int) -> None:
        self._horizon = horizon
        self._peaks = np.asarray(peaks, dtype=np.float64)[:, np.newaxis]
        self._groups: list[tuple[NDArray[np.intp], Schedule | Feedback]] = []
        for rows in _by_kind(schedules).values():
            driven = [schedule for row in rows if isinstance(schedule := schedules[row], LossDriven)]
            group = Feedback(driven, horizon) if driven else stack([schedules[row] for row in rows])
            self._groups.append((np.array(rows), group))
        self._cycled: list[tuple[NDArray[np.intp], MomentumCycling]] = []
        for rows in _by_kind([cycling(schedule) for schedule in schedules]).values():
            members = [member for row in rows if (member := cycling(schedules[row]))]
            self._cycled.append((np.array(rows), stack(members)))
        self._feedbacks = [(rows, group) for rows, group in self._groups if isinstance(group, Feedback)]

    def observe(self, step: int, losses: Array) -> None:
        """Take the losses, (B,), that update `step` of all runs sees.

        `observe` is for the first update; a `Follower` takes the losses of later updates.
        """
        for rows, feedback in self._feedbacks:
            feedback.observe(step, losses[rows])

    def at(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the learning rates of updates `steps`, each within the horizon: (B, n).

        steps: (n,) for all runs, or (B, n). If rates follow losses, the losses of all earlier updates are
        known.
        """
        if len(self._groups) == 1:
            factors = self._groups[0][1].at(steps.astype(np.float64), self._horizon)
            return np.multiply(factors, self._peaks, out=factors)
        rates = np.empty((len(self._peaks), steps.shape[-1]))
        for rows, group in self._groups:
            group_steps = (steps if steps.ndim == 1 else steps[rows]).astype(np.float64)
            rates[rows] = group.at(group_steps, self._horizon)
        np.multiply(rates, self._peaks, out=rates)
        return rates

    def follower(self, rows: NDArray[np.int64]) -> Follower | None:
        """Return a follower of the given rows, in this order; None if none of their rates follows losses."""
        parts = []
        for followed, feedback in self._feedbacks:
            index = np.searchsorted(followed, rows)
            positions = np.flatnonzero(followed[np.minimum(index, len(followed) - 1)] == rows)
            if positions.size:
                parts.append((positions, index[positions], feedback))
        return Follower(parts, self._peaks[rows], self._horizon) if parts else None

    def momenta_at(self, steps: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the momenta of updates `steps`, (n,): (B, n), 0 for runs whose schedules do not cycle them.

        Returns None if no schedule cycles the momentum.
        """
        if not self._cycled:
            return None
        momenta = np.zeros((len(self._peaks), len(steps)))
        for rows, schedule in self._cycled:
            momenta[rows] = schedule.momentum_at(steps.astype(np.float64), self._horizon)
        return momenta


class Follower:
    """Changes the rates of those rows of a block that follow losses, within a chunk."""

    def __init__(
        self,
        parts: Sequence[tuple[NDArray[np.intp], NDArray[np.intp], Feedback]],
        peaks: NDArray[np.float64],
        horizon: int,
    ) -> None:
        """Take the parts and the peaks, (B, 1), of the rows.

        parts: per feedback, positions of rows in the block, the numbers of the same rows in the feedback, and
        the feedback itself.
        """
        self._parts = [
            (positions, peaks[positions], index, feedback, feedback.take(index))
            for positions, index, feedback in parts
        ]
        self._horizon = horizon
        self.rows = np.concatenate([positions for positions, *_ in self._parts])

    def observe(self, step: int, losses: Array, columns: NDArray[np.float64]) -> None:
        """Take the losses, (B,), that update `step` of the block sees, and set the rates that they change.

        columns: (S, B, width), the rates of updates step, step + 1, ... up to the end of the chunk.
        """
        for positions, peaks, _, _, part in self._parts:
            # Update `step` is still to come: its rate depends on earlier losses, the next rate on this loss.
            if part.observe(step, losses[positions]) and len(columns) > 1:
                updates = np.arange(step + 1.0, step + len(columns))
                rates = part.at(updates, self._horizon) * peaks
                columns[1:, positions] = rates.T[:, :, np.newaxis]

    def finish(self) -> None:
        """Return the state of the rows to their feedbacks."""
        for _, _, index, feedback, part in self._parts:
            feedback.put_back(index, part)


def _by_kind(schedules: Sequence[Schedule | None]) -> dict[type[Schedule], list[int]]:
    """Return the rows of each kind of schedule."""
    rows: dict[type[Schedule], list[int]] = {}
    for row, schedule in enumerate(schedules):
        if schedule is not None:
            rows.setdefault(type(schedule), []).append(row)
    return rows
