"""The ended trials as arrays, best first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from app.domain import states
from app.domain.records import FinishedTrial
from app.tuning.space.distributions import Distribution
from app.tuning.space.unit_cube import Floats, coordinates

Rank: TypeAlias = tuple[int, float, float]  # lower is better; the state first

# An ask costs in proportion to the trials that it looks at, and more of them sharpen the model no further.
HISTORY = 1_000
SHARE = 0.1  # of the trials are called good,
MOST_GOOD = 25  # but not more than these, which stay, however old they are


@dataclass(frozen=True)
class History:
    """points: (trials, parameters) in coordinates, nan where a trial has no such parameter; best first.

    running: the same of trials that have no result yet. good: how many trials are called good.
    """

    distributions: Mapping[str, Distribution]
    points: Floats
    running: Floats
    good: int

    @classmethod
    def of(
        cls,
        params: Sequence[Mapping[str, Any]],
        ranks: Sequence[Rank],
        distributions: Mapping[str, Distribution],
        running: Sequence[Mapping[str, Any]] = (),
    ) -> History:
        """params: of each trial, in the order of their numbers, which decides between equal ranks.

        Of more than HISTORY trials only the best and the latest are kept.
        """
        order = np.lexsort(np.array(ranks, dtype=np.float64).reshape(-1, 3).T[::-1])
        is_kept = order >= len(params) - HISTORY
        is_kept[:MOST_GOOD] = True
        seen = [params[i] for i in order[is_kept].tolist()]
        return cls(
            distributions, _points(seen, distributions), _points(running, distributions), _good(len(seen))
        )

    def groups(self) -> list[list[int]]:
        """The columns that occur in the same trials, in the order of their first column."""
        found: dict[bytes, list[int]] = {}
        present = ~np.isnan(self.points)
        for j in range(present.shape[1]):
            if present[:, j].any():
                found.setdefault(present[:, j].tobytes(), []).append(j)
        return list(found.values())

    def split(self, columns: Sequence[int]) -> tuple[Floats, Floats]:
        """The good and the bad points of those trials that have these parameters; running ones are bad."""
        found = [
            points[:, columns]
            for points in (self.points[: self.good], self.points[self.good :], self.running)
        ]
        good, bad, running = (points[~np.isnan(points).any(axis=1)] for points in found)
        return good, np.concatenate([bad, running])


def rank_of(trial: FinishedTrial) -> Rank | None:
    """Completed trials by value; then pruned ones by the last rung, as Optuna does; then diverged ones.

    None for a failed trial, which says nothing of its configuration.
    """
    if trial.state is states.TrialState.COMPLETED:
        return (0, 0.0, _number(trial.value))
    if trial.state is states.TrialState.PRUNED and trial.rungs:
        step, value = max(trial.rungs)
        return (1, -float(step), _number(value))
    if trial.state in (states.TrialState.PRUNED, states.TrialState.DIVERGED):
        return (2, 0.0, 0.0)
    return None


def rank_of_frozen(trial: FrozenTrial, sign: float) -> Rank | None:
    """The same of a trial of Optuna's. sign: -1 where the study maximises."""
    if trial.state is TrialState.COMPLETE:
        return (0, 0.0, sign * _number(trial.value))
    if trial.state is not TrialState.PRUNED:
        return None
    if not trial.intermediate_values:
        return (2, 0.0, 0.0)
    step, value = max(trial.intermediate_values.items())
    return (1, -float(step), _number(sign * value))


def _points(params: Sequence[Mapping[str, Any]], distributions: Mapping[str, Distribution]) -> Floats:
    columns = [
        coordinates(distribution, [own.get(name, math.nan) for own in params])
        for name, distribution in distributions.items()
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(params), 0))


def _good(count: int) -> int:
    return min(math.ceil(SHARE * count), MOST_GOOD)


def _number(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value
