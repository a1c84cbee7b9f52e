"""The safe range of a swept configuration: which peaks are kept around the recommended one, and why no more.

A peak is kept while the loss there is surely close to the recommended one, and an octave of margin is left to
the first peak at which any run diverged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.special import stdtrit

from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.evaluation.requests import Values
from app.tuning.learning_rates.sweep import Sweep
from app.tuning.statistics import CONFIDENCE

TOLERANCE = 0.05  # of the loss at the recommended peak
FLOOR = 0.001  # of the loss at the start: below, a loss near zero has no range, whatever its percentages
MARGIN = 2.0  # the factor between the highest safe peak and the first that diverged
ENOUGH = 2  # half octaves: a side of the range that is as wide is not looked at on more seeds
_ROUNDING = 1.0 + 1e-9  # powers of the root of two, multiplied


class Bound(StrEnum):
    """What ends a range on one side."""

    DIVERGENCE = "divergence"
    LOSS = "loss"
    SCATTER = "scatter"
    DEFAULT = "default"
    SWEEP = "sweep"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a peak must keep to.

    floor: the least tolerance, in loss. beats_default: whether the recommended peak is surely better than the
    best default, so that no peak of the range may be worse. diverged: the lowest peak at which another stage
    saw this configuration diverge; inf where none did. lowest: the lowest peak that may be recommended.
    """

    floor: float
    beats_default: bool = False
    diverged: float = math.inf
    lowest: float = 0.0

    def with_divergence(self, peak: float) -> Needs:
        """Return the same with another peak that was seen to diverge."""
        return replace(self, diverged=min(self.diverged, peak))


@dataclass(frozen=True, kw_only=True)
class SafeRange:
    """The peaks that are kept, as places in a sweep.

    peak: the recommended one; lower than the configuration's own where that left no margin. low, high: the
    ends. likely_low, likely_high: the ends if every mean were the true one. low_bound, high_bound: what ends
    each side. diverges: the first peak that diverged, in any stage; inf where none did.
    """

    peak: int
    low: int
    high: int
    likely_low: int
    likely_high: int
    low_bound: Bound
    high_bound: Bound
    diverges: float


def tolerance(loss: float, floor: float) -> float:
    """Return how far above a loss another one counts as close to it."""
    return max(TOLERANCE * abs(loss), floor)


def first_divergence(sweep: Sweep, needs: Needs) -> float:
    """Return the lowest peak at which a run diverged, in the sweep or before; inf where none did."""
    diverged = [rate for row, rate in enumerate(sweep.rates) if sweep.has_diverged(row)]
    return min([*diverged, needs.diverged])


def safe_range(sweep: Sweep, needs: Needs) -> SafeRange | None:
    """Return the range around the configuration's own peak, or around a lower one.

    From the recommended peak outward a peak is kept while the one-sided 97.5 % upper end of its paired
    difference to the own peak is at most max(5 % of the loss, the floor), and an octave of margin is left.
    Where the own peak has no such margin, the highest peak that has one and is kept is recommended. None
    where there is none, and where the lowest swept peak diverged.
    """
    peak = recommended_peak(sweep, needs, is_certain=True)
    if peak is None:
        return None
    (low, low_bound), (high, high_bound) = (_walk(sweep, needs, peak, way) for way in (-1, 1))
    likely = [_walk(sweep, needs, peak, way, is_certain=False)[0] for way in (-1, 1)]
    return SafeRange(
        peak=peak,
        low=low,
        high=high,
        likely_low=min(low, likely[0]),
        likely_high=max(high, likely[1]),
        low_bound=low_bound,
        high_bound=high_bound,
        diverges=first_divergence(sweep, needs),
    )


def recommended_peak(sweep: Sweep, needs: Needs, *, is_certain: bool) -> int | None:
    """Return the own peak, or the highest lower one with an octave of margin and a loss that is close."""
    limit = first_divergence(sweep, needs) / MARGIN * _ROUNDING
    allowed = [row for row, rate in enumerate(sweep.rates) if rate <= limit]
    if sweep.own in allowed and not sweep.has_diverged(sweep.own):
        return sweep.own
    lower = [row for row in allowed if row < sweep.own and sweep.rates[row] >= needs.lowest / _ROUNDING]
    kept = (row for row in reversed(lower) if _broken(sweep, needs, row, is_certain=is_certain) is None)
    return next(kept, None)


def in_doubt(sweep: Sweep, needs: Needs) -> list[int]:
    """Return the rows that further seeds could move into the range; empty where both sides are wide enough.

    On a side where fewer than two half octaves are certain these are the likely end and the two peaks inward
    of it. Where no peak is certain these are the likely one and the two below it.
    """
    found = safe_range(sweep, needs)
    reference = _references(sweep)
    if found is None:
        likely = recommended_peak(sweep, needs, is_certain=False)
        return [] if likely is None else [*range(max(0, likely - 2), likely + 1), *reference]
    rows: set[int] = set()
    if found.likely_low < found.low and found.peak - found.low < ENOUGH:
        rows |= set(range(found.likely_low, min(found.likely_low + 3, found.peak)))
    if found.likely_high > found.high and found.high - found.peak < ENOUGH:
        rows |= set(range(max(found.likely_high - 2, found.peak + 1), found.likely_high + 1))
    return [*sorted(rows), *reference] if rows else []


def ends_below(sweep: Sweep, needs: Needs, seeds: int) -> list[int]:
    """Return the ends of the range that ran on fewer seeds, with the rows that they are compared with."""
    found = safe_range(sweep, needs)
    if found is None:
        return []
    ends = [row for row in (found.low, found.high) if row != found.peak and sweep.runs[row] < seeds]
    return [*ends, *_references(sweep)] if ends else []


def _references(sweep: Sweep) -> list[int]:
    """Return the rows that every peak is compared with: the own peak, and the default where there is one."""
    return [sweep.own, *([] if sweep.default is None else [len(sweep.rates)])]


def as_rates(sweep: Sweep, found: SafeRange) -> SafeLearningRate:
    """Return the range as the answer has it.

    A divergence that another stage saw beyond the sweep has the half octave below it, as if that were swept.
    """
    above = None
    if not math.isinf(found.diverges):
        base = sweep.rates[sweep.own]
        above = base * math.pow(2.0, (math.ceil(2.0 * math.log2(found.diverges / base) - 1e-9) - 1) / 2)
    return SafeLearningRate(low=sweep.rates[found.low], high=sweep.rates[found.high], diverges_above=above)


def _walk(sweep: Sweep, needs: Needs, peak: int, way: int, *, is_certain: bool = True) -> tuple[int, Bound]:
    """Return the last peak that is kept in one direction, and what ends the range there."""
    row = peak
    while 0 <= row + way < len(sweep.rates):
        bound = _broken(sweep, needs, row + way, is_certain=is_certain)
        if bound is not None:
            return row, bound
        row += way
    return row, Bound.SWEEP


def _broken(sweep: Sweep, needs: Needs, row: int, *, is_certain: bool) -> Bound | None:
    """Return what a peak does not keep to; None where it is safe."""
    if sweep.has_diverged(row) or sweep.rates[row] > first_divergence(sweep, needs) / MARGIN * _ROUNDING:
        return Bound.DIVERGENCE
    own = sweep.of(sweep.own)
    finite = own[~np.isnan(own)]
    if not finite.size:  # the own peak diverged on every seed: there is no loss to be close to
        return Bound.DIVERGENCE
    differences = sweep.less(row, sweep.own)
    close = tolerance(float(finite.mean()), needs.floor)
    if not differences.size or differences.mean() > close:
        return Bound.LOSS
    if needs.beats_default and _is_above_default(sweep, row):
        return Bound.DEFAULT
    if is_certain and upper_end(differences) > close:
        return Bound.SCATTER
    return None


def _is_above_default(sweep: Sweep, row: int) -> bool:
    """Return whether a peak has a higher mean than the best default, on the seeds of both."""
    if sweep.default is None or row == sweep.own:
        return False
    differences = sweep.less(row, len(sweep.rates))
    return bool(differences.size and differences.mean() > 0.0)


def upper_end(differences: Values | Sequence[float]) -> float:
    """Return the one-sided 97.5 % upper end of the true mean, by Student's t; of one value, itself."""
    values = np.asarray(differences)
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return mean
    quantile = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0))
    return mean + quantile * float(values.std(ddof=1)) / math.sqrt(n)
