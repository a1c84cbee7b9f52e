"""The check at twice the steps: whether the budget was enough, and whether the best peak stays put."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.spec.job import MAX_STEPS, JobSpec
from app.spec.records import Configuration
from app.tuning.heats import Heat, Seeds, Steps, Values, some_replicates
from app.tuning.objective import build_objective
from app.tuning.statistics import CONFIDENCE, mean_interval, probability_better
from app.tuning.sweep import at_rate, swept_rates, tolerance

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the peak; all of them are in the sweep


@dataclass(frozen=True, kw_only=True)
class Doubled:
    """What twice the steps give.

    own, twice: the mean loss at the recommended peak after T and after 2 T updates. is_lower: whether it fell
    beyond the tolerance, and beyond doubt. best_rate: the peak that is better after 2 T updates, if any is
    beyond the tolerance and doubt, though it was not after T; best: its mean loss there.
    """

    own: float
    twice: float
    is_lower: bool
    best_rate: float | None = None
    best: float | None = None


def double(spec: JobSpec, winner: Configuration, swept: Values, floor: float) -> Steps[Doubled | None]:
    """Runs five peaks around the winner's for twice the steps, on the seeds of its sweep.

    swept: the values of its sweep at T, (rates, seeds). floor: of the tolerance in loss. None where the
    winner diverges, or where no run can be that long.
    """
    if 2 * spec.budget.steps > MAX_STEPS:
        return None
    peak = float(winner.optimizer["learning_rate"])
    known = swept_rates(winner)
    rates = [factor * peak for factor in FACTORS if factor * peak in known]
    result = yield Heat(
        configurations=tuple(at_rate(winner, rate) for rate in rates),
        replicates=some_replicates(spec, Seeds.SWEEP),
        steps=2 * spec.budget.steps,
    )
    before = swept[[known.index(rate) for rate in rates]]
    return _compare(spec, rates, rates.index(peak), before, result.values, floor)


def _compare(
    spec: JobSpec, rates: list[float], own: int, before: Values, after: Values, floor: float
) -> Doubled | None:
    if np.isnan(before[own]).any() or np.isnan(after[own]).any():
        return None
    first, twice = float(before[own].mean()), float(after[own].mean())
    bound = tolerance(first, floor)
    interval = mean_interval(after[own] - before[own], exact=build_objective(spec.objective).deterministic)
    is_certain = interval is not None and interval.ci95 is not None and interval.ci95[1] < 0.0
    means = after.mean(axis=1)  # nan where any replicate diverged
    best = int(np.nanargmin(means))
    found = Doubled(own=first, twice=twice, is_lower=is_certain and twice < first - bound)
    has_moved = (
        means[best] < twice - tolerance(twice, floor)
        and not before[best].mean() < first - bound
        and _is_lower(after[best] - after[own], len(rates) - 1)
    )
    if not has_moved:
        return found
    return Doubled(
        own=first,
        twice=twice,
        is_lower=found.is_lower,
        best_rate=rates[best],
        best=float(means[best]),
    )


def _is_lower(differences: Values, comparisons: int) -> bool:
    """Whether the true mean is below zero, by Student's t; corrected for the rates that were looked at."""
    level = (1.0 - CONFIDENCE) / 2.0 / max(1, comparisons)
    return probability_better(differences) > 1.0 - level
