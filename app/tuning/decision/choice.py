"""The choice of what is recommended: margin to divergence, simplicity, and width of the safe range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.tuning.evaluation.requests import Steps, reduced_seed_count
from app.tuning.learning_rates.safe_range import (
    Needs,
    SafeRange,
    ends_below,
    first_divergence,
    in_doubt,
    recommended_peak,
    safe_range,
)
from app.tuning.learning_rates.sweep import Sweep, more_seeds, octaves, seed_looks, sweep
from app.tuning.racing.candidates import at_peak
from app.tuning.racing.elimination import Standing
from app.tuning.racing.final import best_row, is_own_default
from app.tuning.racing.peak_limits import first_seen_to_diverge, lowest_peak
from app.tuning.racing.selection import Choice, complexity, tied
from app.tuning.statistics import CONFIDENCE, probability_better

MOST_SWEPT = 3  # of the tied entries
MOST_LOWEST = 5  # of the entries with the lowest means, where the tied ones have no margin


def choose(
    spec: JobSpec,
    standing: Standing,
    floor: float,
    diverged: Sequence[Configuration],
    among: Sequence[int] | None = None,
    sweeps: Mapping[int, Sweep] | None = None,
    *,
    by_mean: bool = False,
) -> Steps[Choice]:
    """Sweep the simplest of the tied, at most three, and return the one to recommend.

    First goes a peak that has an octave of margin, then a simpler schedule, a wider margin, a wider range and
    the lower mean. Where a range is narrow, its ends run on more seeds. Where the chosen one has no range,
    the next takes its place.

    floor: of the tolerance in loss. diverged: the configurations that any stage saw diverge. among: the
    places to choose from; None for the tied ones. sweeps: those that ran before. by_mean: sweep the entries
    with the lowest means, tied or not, and take the one whose mean is lowest at a peak with a margin.
    """
    same = tied(standing)
    board = _Board(spec, standing, floor, diverged, sweeps or {})
    if by_mean:
        ranked, key = board.lowest(MOST_LOWEST), board.mean_with_margin
    else:
        simplest = sorted(among or same, key=lambda row: complexity(standing.entries[row].configuration))
        ranked, key = simplest[:MOST_SWEPT], board.preference
    yield from board.sweep(ranked)
    row, found = yield from board.first_with_range(sorted(ranked, key=key))
    entry = standing.entries[row]
    if found is not None and found.peak != board.sweeps[row].own:
        entry = at_peak(entry, board.sweeps[row].rates[found.peak])
    return Choice(
        entry=row,
        recommended=entry,
        tied=same,
        sweeps=board.sweeps,
        needs=board.needs(row),
        range=found,
    )


class _Board:
    """The sweeps of some entries of a final, by their places, and what each must keep to."""

    def __init__(
        self,
        spec: JobSpec,
        standing: Standing,
        floor: float,
        diverged: Sequence[Configuration],
        sweeps: Mapping[int, Sweep],
    ) -> None:
        self.sweeps = dict(sweeps)
        self._spec = spec
        self._standing = standing
        self._floor = floor
        self._diverged = diverged
        self._default = best_row(standing, partial(is_own_default, spec))

    def needs(self, row: int) -> Needs:
        """Return what the peaks of an entry must keep to."""
        entry = self._standing.entries[row]
        return Needs(
            floor=self._floor,
            beats_default=self._is_better_than_default(row),
            diverged=first_seen_to_diverge(entry.configuration, self._diverged),
            lowest=lowest_peak(self._spec, entry),
        )

    def sweep(self, rows: Iterable[int]) -> Steps[None]:
        """Sweep those of the entries that were not swept before, on the same seeds."""
        new = [row for row in rows if row not in self.sweeps]
        if not new:
            return
        entries = self._standing.entries
        usual = None if self._default is None else entries[self._default].configuration
        swept = yield from sweep(self._spec, [entries[row].configuration for row in new], usual)
        self.sweeps |= dict(zip(new, swept, strict=True))

    def first_with_range(self, rows: Sequence[int]) -> Steps[tuple[int, SafeRange | None]]:
        """Return the first entry that has a range once its ends ran on more seeds; else the first of all."""
        for row in rows:
            for seeds in seed_looks(self._spec):
                doubtful = in_doubt(self.sweeps[row], self.needs(row))
                if doubtful:
                    self.sweeps[row] = yield from more_seeds(self._spec, self.sweeps[row], doubtful, seeds)
            yield from self._verify_ends(row)
            found = safe_range(self.sweeps[row], self.needs(row))
            if found is not None:
                return row, found
        return rows[0], None

    def _verify_ends(self, row: int) -> Steps[None]:
        """Run the ends of a range on as many seeds as a peak may have, and the next ones where an end falls.

        A few seeds do not see the rare ones on which a peak fails.
        """
        for seeds in seed_looks(self._spec)[-1:]:
            while unseen := ends_below(self.sweeps[row], self.needs(row), seeds):
                self.sweeps[row] = yield from more_seeds(self._spec, self.sweeps[row], unseen, seeds)

    def lowest(self, count: int) -> list[int]:
        """Return the eligible entries with the lowest means."""
        standing = self._standing
        rows = [row for row, entry in enumerate(standing.entries) if entry.is_eligible]
        finite = [row for row in rows if not np.isnan(standing.behind(row))]
        return sorted(finite or rows, key=standing.behind)[:count]

    def mean_with_margin(self, row: int) -> tuple[float, ...]:
        """Return the mean of an entry at the peak that keeps a margin; inf where there is none."""
        swept = self.sweeps[row]
        peak = recommended_peak(swept, self.needs(row), is_certain=False)
        mean = np.inf if peak is None else float(swept.values[peak, : reduced_seed_count(self._spec)].mean())
        return (mean,)

    def preference(self, row: int) -> tuple[float, ...]:
        """Return the sorting key of an entry: the lowest goes first."""
        swept, needs = self.sweeps[row], self.needs(row)
        peak = recommended_peak(swept, needs, is_certain=False)
        if peak is None:
            return (1.0,)
        found = safe_range(swept, needs)
        width = 0.0 if found is None else octaves(swept.rates[found.low], swept.rates[found.high])
        end = min(first_divergence(swept, needs), 2.0 * swept.rates[-1])
        return (
            0.0,
            float(peak != swept.own),
            complexity(self._standing.entries[row].configuration),
            -octaves(swept.rates[peak], end),
            -width,
        )

    def _is_better_than_default(self, row: int) -> bool:
        """Return whether an entry is surely better than the best default, on the seeds that both ran on."""
        if self._default is None or row == self._default:
            return False
        standing = self._standing
        common = min(standing.runs[row], standing.runs[self._default])
        differences = (standing.values[row] - standing.values[self._default])[:common]
        if not common or np.isnan(differences).any():
            return False
        return probability_better(differences) >= (1.0 + CONFIDENCE) / 2.0
