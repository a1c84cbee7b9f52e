"""The ended trials of a search as arrays, best first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.tuning.space.distributions import Distribution
from app.tuning.space.unit_cube import Floats, coordinates

Rank: TypeAlias = tuple[int, float, float]  # a lower rank is better; the first number stands for the state

# Trials that the model reads. An ask costs in proportion to them, and more sharpen the model no further.
HISTORY = 1_000
GOOD_SHARE = 0.1  # share of the trials that the model calls good
MAX_GOOD = 25  # most trials that the model calls good; the best of this number stay, however old


@dataclass(frozen=True)
class History:
    """The ended trials that the model reads.

    points: (trials, parameters) in coordinates, best first, nan where a trial lacks the parameter.
    good: number of trials, from the first on, that the model calls good.
    """

    distributions: Mapping[str, Distribution]
    points: Floats
    good: int

    @classmethod
    def of(
        cls,
        params: Sequence[Mapping[str, Any]],
        ranks: Sequence[Rank],
        distributions: Mapping[str, Distribution],
    ) -> History:
        """Build the history from the parameters and the rank of each trial.

        Of more than HISTORY trials only the best MAX_GOOD and the latest HISTORY are kept.
        params: by trial, in ascending order of trial numbers; of equal ranks the lower number comes first.
        """
        order = np.lexsort(np.array(ranks, dtype=np.float64).reshape(-1, 3).T[::-1])
        is_kept = order >= len(params) - HISTORY
        is_kept[:MAX_GOOD] = True
        kept = [params[i] for i in order[is_kept].tolist()]
        return cls(distributions, _points(kept, distributions), _good_count(len(kept)))

    def groups(self) -> list[list[int]]:
        """Return the columns, grouped by the trials with a value there, in the order of the first column."""
        groups: dict[bytes, list[int]] = {}
        present = ~np.isnan(self.points)
        for j in range(present.shape[1]):
            if present[:, j].any():
                groups.setdefault(present[:, j].tobytes(), []).append(j)
        return list(groups.values())

    def split(self, columns: Sequence[int]) -> tuple[Floats, Floats]:
        """Return the good and the bad points of the trials that have all of these parameters."""
        halves = (self.points[: self.good, columns], self.points[self.good :, columns])
        good, bad = (points[~np.isnan(points).any(axis=1)] for points in halves)
        return good, bad


def rank_of(trial: FinishedTrial) -> Rank | None:
    """Return the rank of a trial; None for a failed trial, which says nothing about its configuration.

    Completed trials come first, by value. Pruned trials follow, by the last rung that they reached, as Optuna
    ranks them. Diverged trials come last.
    """
    if trial.state is TrialState.COMPLETED:
        return (0, 0.0, _rank_value(trial.value))
    if trial.state is TrialState.PRUNED and trial.rungs:
        step, value = max(trial.rungs)
        return (1, -float(step), _rank_value(value))
    if trial.state in (TrialState.PRUNED, TrialState.DIVERGED):
        return (2, 0.0, 0.0)
    return None


def _points(params: Sequence[Mapping[str, Any]], distributions: Mapping[str, Distribution]) -> Floats:
    columns = [
        coordinates(distribution, [values.get(name, math.nan) for values in params])
        for name, distribution in distributions.items()
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(params), 0))


def _good_count(count: int) -> int:
    return min(math.ceil(GOOD_SHARE * count), MAX_GOOD)


def _rank_value(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value
