"""Successive elimination: replicates go to the entries that may still be the best.

All entries run on a few seeds, those that cannot win are dropped, the others run on more, and so on. What
the dropped ones leave of the budget is spent where the decision is close. Where the budget is short, the
better half goes on without such a proof.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.spec.job import JobSpec
from app.tuning.evaluation.requests import EvaluationRequest, Steps, Values, replicates_of
from app.tuning.racing.candidates import RaceCandidate, runs_alike
from app.tuning.statistics import probability_better

ERROR = 0.05  # the most, over a whole race, that the entry which is the best in truth is dropped
SPANS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the replicates of the job: after how many seeds there is a look
FEWEST = 4  # entries that go on where there is no proof that they cannot win
LEAST = 2  # seeds: one says nothing about the spread


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """Where a race ended.

    values: (entries, seeds), nan where an entry did not run or diverged. runs: on how many of the seeds, from
    the first on, each entry ran. survivors: the eligible entries that were left, the leader first, which ran
    on all seeds, then by how far they are behind it. All of them ran on all seeds; in a final that was
    prolonged, the likeliest of those who were worth it, and another may be ahead of the leader on the fewer
    seeds that it has.
    """

    entries: tuple[RaceCandidate, ...]
    values: Values
    runs: tuple[int, ...]
    survivors: tuple[int, ...]

    @property
    def leader(self) -> int:
        """The survivor with the lowest mean, of those that ran on all seeds."""
        return self.survivors[0]

    @property
    def seeds(self) -> int:
        """On how many seeds the leader ran."""
        return int(self.values.shape[1])

    def behind(self, row: int) -> float:
        """How far a row is above the leader, on average over its own seeds; nan where one diverged."""
        return float(self._differences(row).mean())

    def doubt(self, row: int) -> float:
        """The standard error of that difference; 0 of a single seed, where every seed gives the same."""
        found = self._differences(row)
        return float(found.std(ddof=1)) / math.sqrt(len(found)) if len(found) > 1 else 0.0

    def has_diverged(self, row: int) -> bool:
        """Return whether a run of the row diverged."""
        return bool(np.isnan(self.values[row, : self.runs[row]]).any())

    def may_win(self, row: int) -> bool:
        """Whether a row never diverged and is not surely worse than the leader, by two seeds or more."""
        found = self._differences(row)
        return len(found) >= LEAST and not np.isnan(found).any() and not _is_worse(found, ERROR)

    def _differences(self, row: int) -> Values:
        """By how much a row is above the leader, on each of the seeds that it ran on."""
        found: Values = (self.values[row] - self.values[self.leader])[: self.runs[row]]
        return found


def looks(replicates: int, spans: Sequence[float] = SPANS) -> list[int]:
    """After how many seeds the entries are compared, ascending. spans: in parts of the replicates."""
    if replicates == 1:
        return [1]
    return sorted({max(LEAST, round(span * replicates)) for span in spans})


def most_raced(replicates: int, entries: int, shares: int) -> int:
    """The most runs of a race: the replicates of the job for each share, and a few for every entry."""
    return max(shares * replicates, entries * min(LEAST, replicates))


def eliminate(
    spec: JobSpec,
    entries: Sequence[RaceCandidate],
    first: int,
    shares: int | None = None,
    before: Sequence[Standing] = (),
    spans: Sequence[float] = SPANS,
) -> Steps[Standing]:
    """Races entries on the seeds from `first` on.

    shares: how many times `confirmation.replicates` there are to spend, for all entries together; None for
    one share an entry. before: races on the same seeds; what an entry gave there is not run again.
    spans: as of `looks`.

    The entry with the lowest mean leads, among those that diverged least often; ties go to the first. At a
    look an entry is dropped where it is worse than the leader by a one-sided paired t test at the level
    0.05 / ((entries - 1) * looks) (Bonferroni), so the best one in truth is lost in one race of twenty at
    most, unless another was chosen on these seeds; or where it diverged more often than the leader. Where
    what is left cannot carry all who remain to the job's replicates, the better half goes on (successive
    halving: Karnin, Koren & Somekh 2013).

    An entry that is not eligible cannot lead or survive. It runs beside the others until the same test tells
    whether it is better or worse than the leader, or until it has the job's replicates.
    """
    replicates = replicates_of(spec)
    marks = looks(replicates, spans)
    level = ERROR / (max(1, len(entries) - 1) * len(marks))
    left = most_raced(replicates, len(entries), len(entries) if shares is None else shares)
    values, runs = _known(entries, before, marks[-1])
    alive = [i for i, entry in enumerate(entries) if entry.is_eligible]
    watched = [i for i, entry in enumerate(entries) if not entry.is_eligible]
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
                configurations=tuple(entries[i].configuration for i in rows),
                replicates=range(first + ran, first + done),
                steps=spec.budget.steps,
            )
            values[rows, ran:done] = result.values
            left -= (done - ran) * len(rows)
            runs[rows] = done
        alive = [alive[i] for i in _standing(values[alive, :done], level)]
        leader = values[alive[0], :done]
        watched = [i for i in watched if done < replicates and _is_open(values[i, :done] - leader, level)]
        if left < np.maximum(0, replicates - runs[alive]).sum():
            alive = alive[: max(FEWEST, -(-len(alive) // 2))]
    done = int(runs[alive].min())  # beyond the last look, where all that are left are known there
    alive = [alive[i] for i in ranked(values[alive, :done])]
    raced = tuple(np.minimum(runs, done).tolist())
    return Standing(entries=tuple(entries), values=values[:, :done], runs=raced, survivors=tuple(alive))


def _known(
    entries: Sequence[RaceCandidate], before: Sequence[Standing], seeds: int
) -> tuple[Values, NDArray[np.int64]]:
    """What entries gave on the seeds of earlier races, (entries, seeds), and on how many seeds they ran."""
    values, runs = np.full((len(entries), seeds), np.nan), np.zeros(len(entries), dtype=np.int64)
    for standing in before:
        for other, own, ran in zip(standing.entries, standing.values, standing.runs, strict=True):
            for row in (i for i, entry in enumerate(entries) if ran > runs[i] and runs_alike(entry, other)):
                values[row, :ran], runs[row] = own[:ran], ran
    return values, runs


def _standing(values: Values, level: float) -> list[int]:
    """The rows that may still win, best first."""
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
    """Rows by how often they diverged, then by the mean of their other replicates, then by number."""
    diverged = np.isnan(values).sum(axis=1)
    finite = np.where(np.isnan(values), 0.0, values)
    means = finite.sum(axis=1) / np.maximum(1, values.shape[1] - diverged)
    return np.lexsort((np.arange(len(values)), means, diverged))


def _is_open(differences: Values, level: float) -> bool:
    """Return whether the test tells neither that the differences are above zero nor that they are below."""
    if len(differences) < LEAST or np.isnan(differences).any():
        return False
    return not (_is_worse(differences, level) or _is_worse(-differences, level))


def _is_worse(differences: Values, level: float) -> bool:
    """Whether the true mean of the differences is above zero, by Student's t; never where some diverged."""
    if len(differences) < LEAST or np.isnan(differences).any():
        return False
    return probability_better(differences) < level
