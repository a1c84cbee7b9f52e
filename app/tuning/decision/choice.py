"""The choice of the recommendation by margin to divergence, simplicity and width of the safe range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from app.domain.records import Configuration
from app.tuning.evaluation.requests import Steps
from app.tuning.learning_rates.safe_range import (
    Needs,
    SafeRange,
    ends_below,
    first_divergence,
    recommended_peak,
    safe_range,
    uncertain_rows,
)
from app.tuning.learning_rates.sweep import Sweep, more_seeds, octaves, sweep
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import MAX_SWEPT_BY_MEAN, MAX_SWEPT_TIES, seed_looks
from app.tuning.racing.candidates import at_peak
from app.tuning.racing.elimination import Standing
from app.tuning.racing.final import best_row, is_default_in_space
from app.tuning.racing.peak_limits import first_seen_to_diverge, lowest_peak
from app.tuning.racing.selection import Choice, complexity, tied
from app.tuning.statistics import CONFIDENCE, probability_better


def choose(
    plan: Plan,
    standing: Standing,
    floor: float,
    diverged: Sequence[Configuration],
    among: Sequence[int] | None = None,
    sweeps: Mapping[int, Sweep] | None = None,
    *,
    by_mean: bool = False,
) -> Steps[Choice]:
    """Sweep the simplest tied candidates, at most three, and choose one of them.

    The order of preference is: a peak with an octave of margin, a simpler schedule, a wider margin, a wider
    range, the lower mean. If a range is narrow, its ends run on more seeds. If the preferred candidate has
    no safe range, the next one replaces it.

    floor: the least tolerance, in loss. diverged: the configurations that diverged in any stage. among: the
    rows to choose from; None for the tied candidates. sweeps: the sweeps that ran before, by row. by_mean:
    whether to sweep the candidates with the lowest means, tied or not, and to choose by the mean at a peak
    with a margin.
    """
    tied_rows = tied(standing)
    candidate_sweeps = _CandidateSweeps(plan, standing, floor, diverged, sweeps or {})
    if by_mean:
        ranked, key = candidate_sweeps.lowest_means(MAX_SWEPT_BY_MEAN), candidate_sweeps.mean_with_margin
    else:
        simplest = sorted(
            among or tied_rows, key=lambda row: complexity(standing.candidates[row].configuration)
        )
        ranked, key = simplest[:MAX_SWEPT_TIES], candidate_sweeps.preference
    yield from candidate_sweeps.sweep(ranked)
    row, safe = yield from candidate_sweeps.first_with_range(sorted(ranked, key=key))
    candidate = standing.candidates[row]
    if safe is not None and safe.peak != candidate_sweeps.sweeps[row].configured_row:
        candidate = at_peak(candidate, candidate_sweeps.sweeps[row].rates[safe.peak])
    return Choice(
        row=row,
        recommended=candidate,
        tied=tied_rows,
        sweeps=candidate_sweeps.sweeps,
        needs=candidate_sweeps.needs(row),
        range=safe,
    )


class _CandidateSweeps:
    """The sweeps of a final's candidates, by row, and the requirements on the peaks of each."""

    def __init__(
        self,
        plan: Plan,
        standing: Standing,
        floor: float,
        diverged: Sequence[Configuration],
        sweeps: Mapping[int, Sweep],
    ) -> None:
        self.sweeps = dict(sweeps)
        self._plan = plan
        self._standing = standing
        self._floor = floor
        self._diverged = diverged
        self._default = best_row(standing, partial(is_default_in_space, plan))

    def needs(self, row: int) -> Needs:
        """Return the requirements on the peaks of a candidate."""
        candidate = self._standing.candidates[row]
        return Needs(
            floor=self._floor,
            beats_default=self._is_better_than_default(row),
            diverged=first_seen_to_diverge(candidate.configuration, self._diverged),
            lowest=lowest_peak(self._plan.spec, candidate),
        )

    def sweep(self, rows: Iterable[int]) -> Steps[None]:
        """Sweep the candidates that were not swept before, on the seeds of the other sweeps."""
        new = [row for row in rows if row not in self.sweeps]
        if not new:
            return
        candidates = self._standing.candidates
        default = None if self._default is None else candidates[self._default].configuration
        swept = yield from sweep(self._plan, [candidates[row].configuration for row in new], default)
        self.sweeps |= dict(zip(new, swept, strict=True))

    def first_with_range(self, rows: Sequence[int]) -> Steps[tuple[int, SafeRange | None]]:
        """Return the first row that has a safe range after its ends ran on more seeds.

        The first of all rows is returned, without a range, if no row has a range.
        """
        for row in rows:
            for seeds in seed_looks(self._plan.replicates):
                uncertain = uncertain_rows(self.sweeps[row], self.needs(row))
                if uncertain:
                    self.sweeps[row] = yield from more_seeds(self._plan, self.sweeps[row], uncertain, seeds)
            yield from self._verify_ends(row)
            safe = safe_range(self.sweeps[row], self.needs(row))
            if safe is not None:
                return row, safe
        return rows[0], None

    def _verify_ends(self, row: int) -> Steps[None]:
        """Run the ends of a range on the most seeds that a peak may have, and the next peak if an end fails.

        A peak may fail on rare seeds only, which a few seeds do not contain.
        """
        for seeds in seed_looks(self._plan.replicates)[-1:]:
            while ends := ends_below(self.sweeps[row], self.needs(row), seeds):
                self.sweeps[row] = yield from more_seeds(self._plan, self.sweeps[row], ends, seeds)

    def lowest_means(self, count: int) -> list[int]:
        """Return the rows of the eligible candidates with the lowest means."""
        standing = self._standing
        rows = [row for row, candidate in enumerate(standing.candidates) if candidate.is_eligible]
        finite = [row for row in rows if not np.isnan(standing.behind(row))]
        return sorted(finite or rows, key=standing.behind)[:count]

    def mean_with_margin(self, row: int) -> tuple[float, ...]:
        """Return the mean of a candidate at the peak that keeps a margin; inf if no peak does."""
        swept = self.sweeps[row]
        peak = recommended_peak(swept, self.needs(row), is_certain=False)
        mean = np.inf if peak is None else float(swept.values[peak, : self._plan.few_replicates].mean())
        return (mean,)

    def preference(self, row: int) -> tuple[float, ...]:
        """Return the sorting key of a candidate; the lowest key is preferred."""
        swept, needs = self.sweeps[row], self.needs(row)
        peak = recommended_peak(swept, needs, is_certain=False)
        if peak is None:
            return (1.0,)
        safe = safe_range(swept, needs)
        width = 0.0 if safe is None else octaves(swept.rates[safe.low], swept.rates[safe.high])
        end = min(first_divergence(swept, needs), 2.0 * swept.rates[-1])
        return (
            0.0,
            float(peak != swept.configured_row),
            complexity(self._standing.candidates[row].configuration),
            -octaves(swept.rates[peak], end),
            -width,
        )

    def _is_better_than_default(self, row: int) -> bool:
        """Return whether a candidate is surely better than the best default, on their shared seeds."""
        if self._default is None or row == self._default:
            return False
        standing = self._standing
        common = min(standing.runs[row], standing.runs[self._default])
        differences = (standing.values[row] - standing.values[self._default])[:common]
        if not common or np.isnan(differences).any():
            return False
        return probability_better(differences) >= (1.0 + CONFIDENCE) / 2.0
