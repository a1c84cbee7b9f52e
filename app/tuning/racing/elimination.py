"""Successive elimination: replicates go to the candidates that may still be the best.

All candidates run on a few seeds, candidates that cannot win are dropped, the others run on more seeds, and
so on. The runs saved on dropped candidates are spent where the decision is close. If the budget is too short
for the remaining candidates, the better half goes on, without a test that the others cannot win.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.tuning.evaluation.requests import EvaluationRequest, Steps, Values
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import LOOK_MULTIPLES, MIN_SEEDS, looks, max_race_runs
from app.tuning.racing.candidates import RaceCandidate, runs_alike
from app.tuning.statistics import probability_better

FAMILY_ERROR = 0.05  # largest probability, over a whole race, that the truly best candidate is dropped
MIN_HALVING_SURVIVORS = 4  # candidates that go on if a short budget halves the race without a test


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """The state in which a race ended.

    values: (candidates, seeds), nan if a candidate did not run or diverged. runs: the number of seeds, from
    the first on, that each candidate ran on. survivors: the eligible candidates that were left, the leader
    first, then by their gap to the leader.

    All survivors ran on all seeds. The exception is an extended final, in which only the leader and its
    likeliest contenders did. There a survivor with fewer seeds may be ahead of the leader on these.
    """

    candidates: tuple[RaceCandidate, ...]
    values: Values
    runs: tuple[int, ...]
    survivors: tuple[int, ...]

    @property
    def leader(self) -> int:
        """The survivor with the lowest mean, among the survivors that ran on all seeds."""
        return self.survivors[0]

    @property
    def seeds(self) -> int:
        """The number of seeds that the leader ran on."""
        return int(self.values.shape[1])

    def behind(self, row: int) -> float:
        """Return the mean gap of a row to the leader, over the row's seeds; nan if a run diverged."""
        return float(self._gaps(row).mean())

    def standard_error(self, row: int) -> float:
        """Return the standard error of the gap to the leader; 0 for a single seed.

        A race has a single seed only if every seed gives the same.
        """
        gaps = self._gaps(row)
        return float(gaps.std(ddof=1)) / math.sqrt(len(gaps)) if len(gaps) > 1 else 0.0

    def has_diverged(self, row: int) -> bool:
        """Return whether a run of the row diverged."""
        return bool(np.isnan(self.values[row, : self.runs[row]]).any())

    def may_win(self, row: int) -> bool:
        """Return whether a row may be as good as the leader.

        Such a row has two seeds or more, never diverged, and is not significantly worse.
        """
        gaps = self._gaps(row)
        return len(gaps) >= MIN_SEEDS and not np.isnan(gaps).any() and not _is_worse(gaps, FAMILY_ERROR)

    def _gaps(self, row: int) -> Values:
        """Return the difference of a row to the leader on each seed that the row ran on."""
        gaps: Values = (self.values[row] - self.values[self.leader])[: self.runs[row]]
        return gaps


def eliminate(
    plan: Plan,
    candidates: Sequence[RaceCandidate],
    first: int,
    shares: int | None = None,
    before: Sequence[Standing] = (),
    multiples: Sequence[float] = LOOK_MULTIPLES,
) -> Steps[Standing]:
    """Race candidates on the seeds from `first` on and return the standing.

    shares: the budget of all candidates together, in units of `confirmation.replicates` runs; None for one
    share per candidate. before: earlier races on the same seeds, whose results are not run again.
    multiples: as in `looks`.

    Among the candidates that diverged least often, the lowest mean leads; ties go to the first. A look drops
    a candidate that diverged more often than the leader. A look also drops a candidate that is worse by a
    one-sided paired t test. The level is 0.05 / ((candidates - 1) * looks) (Bonferroni). So the truly best
    candidate is lost in at most one race of twenty, unless a candidate was chosen on the same seeds before.
    If the remaining budget cannot give all survivors the job's replicates, the better half goes on
    (successive halving: Karnin, Koren & Somekh 2013).

    A candidate that is not eligible cannot lead or survive. Such a candidate runs beside the others until
    it is better or worse than the leader by the same test, or has the job's replicates.
    """
    replicates = plan.replicates
    marks = looks(replicates, multiples)
    level = FAMILY_ERROR / (max(1, len(candidates) - 1) * len(marks))
    left = max_race_runs(replicates, len(candidates), len(candidates) if shares is None else shares)
    values, runs = _known_values(candidates, before, marks[-1])
    alive = [i for i, candidate in enumerate(candidates) if candidate.is_eligible]
    watched = [i for i, candidate in enumerate(candidates) if not candidate.is_eligible]
    done = 0
    for mark in marks:
        behind = [i for i in (*alive, *watched) if runs[i] < mark]
        count = min(mark - done, left // len(behind)) if behind else mark - done
        if count == 0 or (done > 0 and len(alive) == 1):
            break
        done += count
        for ran in sorted({int(runs[i]) for i in behind if runs[i] < done}):
            rows = [i for i in behind if runs[i] == ran]
            result = yield EvaluationRequest(
                configurations=tuple(candidates[i].configuration for i in rows),
                replicates=range(first + ran, first + done),
                steps=plan.steps,
            )
            values[rows, ran:done] = result.values
            left -= (done - ran) * len(rows)
            runs[rows] = done
        alive = [alive[i] for i in _undefeated(values[alive, :done], level)]
        leader = values[alive[0], :done]
        watched = [i for i in watched if done < replicates and _is_open(values[i, :done] - leader, level)]
        if left < np.maximum(0, replicates - runs[alive]).sum():
            alive = alive[: max(MIN_HALVING_SURVIVORS, -(-len(alive) // 2))]
    # Earlier races may have run all survivors on seeds beyond the last look.
    done = int(runs[alive].min())
    alive = [alive[i] for i in ranked(values[alive, :done])]
    raced = tuple(np.minimum(runs, done).tolist())
    return Standing(candidates=tuple(candidates), values=values[:, :done], runs=raced, survivors=tuple(alive))


def _known_values(
    candidates: Sequence[RaceCandidate], before: Sequence[Standing], seeds: int
) -> tuple[Values, NDArray[np.int64]]:
    """Return the candidates' values in earlier races, (candidates, seeds), and their numbers of seeds."""
    values, runs = np.full((len(candidates), seeds), np.nan), np.zeros(len(candidates), dtype=np.int64)
    for standing in before:
        for other, known, ran in zip(standing.candidates, standing.values, standing.runs, strict=True):
            for row, candidate in enumerate(candidates):
                if ran > runs[row] and runs_alike(candidate, other):
                    values[row, :ran], runs[row] = known[:ran], ran
    return values, runs


def _undefeated(values: Values, level: float) -> list[int]:
    """Return the rows that may still win, best first."""
    order = ranked(values)
    leader = values[order[0]]
    diverged = np.isnan(values).sum(axis=1)
    return [
        int(row)
        for row in order
        if diverged[row] == diverged[order[0]]
        and (row == order[0] or not _is_worse(values[row] - leader, level))
    ]


def ranked(values: Values) -> NDArray[np.intp]:
    """Return the rows by their number of divergences, then by the mean of the other runs, then by row."""
    diverged = np.isnan(values).sum(axis=1)
    finite = np.where(np.isnan(values), 0.0, values)
    means = finite.sum(axis=1) / np.maximum(1, values.shape[1] - diverged)
    return np.lexsort((np.arange(len(values)), means, diverged))


def _is_open(differences: Values, level: float) -> bool:
    """Return whether the test finds the differences neither above zero nor below zero."""
    if len(differences) < MIN_SEEDS or np.isnan(differences).any():
        return False
    return not (_is_worse(differences, level) or _is_worse(-differences, level))


def _is_worse(differences: Values, level: float) -> bool:
    """Return whether Student's t test finds the mean difference above zero; False if a run diverged."""
    if len(differences) < MIN_SEEDS or np.isnan(differences).any():
        return False
    return probability_better(differences) < level
