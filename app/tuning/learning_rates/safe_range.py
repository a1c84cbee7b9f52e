"""The safe range of a swept configuration: the peaks that are kept, and what ends the range on each side.

A peak is kept while its loss is surely close to the loss at the recommended peak. A kept peak also leaves an
octave of margin to the lowest peak at which any run diverged.
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

TOLERANCE = 0.05  # share of the loss at the recommended peak by which a kept peak may be worse
FLOOR = 0.001  # least tolerance, as a share of the initial loss; else a loss near zero would have no range
MARGIN = 2.0  # factor between the highest safe peak and the lowest peak that diverged
SUFFICIENT_WIDTH = 2  # half octaves; a side of the range that is as wide gets no further seeds
_ROUNDING = 1.0 + 1e-9  # slack for the rounding of products of powers of the root of two


class Bound(StrEnum):
    """The reason why a range ends on one side."""

    DIVERGENCE = "divergence"
    LOSS = "loss"
    SCATTER = "scatter"
    DEFAULT = "default"
    SWEEP = "sweep"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """The requirements on the peaks of a safe range.

    floor: the least tolerance, in loss. beats_default: whether the recommended peak is surely better than the
    best default, so that no peak of the range may be worse. diverged: the lowest peak at which this
    configuration diverged in another stage; inf if none did. lowest: the lowest peak that may be recommended.
    """

    floor: float
    beats_default: bool = False
    diverged: float = math.inf
    lowest: float = 0.0

    def with_divergence(self, peak: float) -> Needs:
        """Return the requirements with another peak that diverged."""
        return replace(self, diverged=min(self.diverged, peak))


@dataclass(frozen=True, kw_only=True)
class SafeRange:
    """A safe range, as rows of a sweep.

    peak: the recommended peak; lower than the configured peak if that has no margin. low, high: the
    ends of the range. likely_low, likely_high: the ends if every mean were exact. low_bound, high_bound: the
    reasons why each side ends. diverges: the lowest peak that diverged in any stage, a rate; inf if none did.
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
    """Return by how much another loss may exceed a loss and still count as close to it."""
    return max(TOLERANCE * abs(loss), floor)


def first_divergence(sweep: Sweep, needs: Needs) -> float:
    """Return the lowest peak at which a run diverged, in the sweep or before; inf if none did."""
    diverged = [rate for row, rate in enumerate(sweep.rates) if sweep.has_diverged(row)]
    return min([*diverged, needs.diverged])


def safe_range(sweep: Sweep, needs: Needs) -> SafeRange | None:
    """Return the safe range around the configured peak, or around a lower peak.

    From the recommended peak outward, a peak is kept under two conditions. An octave of margin is left. The
    one-sided 97.5 % upper end of its paired difference to the configured peak is at most max(5 % of the loss,
    the floor). If the configured peak has no such margin, the highest kept peak with a margin is
    recommended. The result is None if no peak is kept, or if the lowest swept peak diverged.
    """
    peak = recommended_peak(sweep, needs, is_certain=True)
    if peak is None:
        return None
    (low, low_bound), (high, high_bound) = (_walk(sweep, needs, peak, direction) for direction in (-1, 1))
    likely = [_walk(sweep, needs, peak, direction, is_certain=False)[0] for direction in (-1, 1)]
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
    """Return the row of the configured peak, or of the highest lower peak with a margin and a close loss."""
    limit = first_divergence(sweep, needs) / MARGIN * _ROUNDING
    allowed = [row for row, rate in enumerate(sweep.rates) if rate <= limit]
    if sweep.configured_row in allowed and not sweep.has_diverged(sweep.configured_row):
        return sweep.configured_row
    lower = [
        row for row in allowed if row < sweep.configured_row and sweep.rates[row] >= needs.lowest / _ROUNDING
    ]
    kept = (row for row in reversed(lower) if _violation(sweep, needs, row, is_certain=is_certain) is None)
    return next(kept, None)


def uncertain_rows(sweep: Sweep, needs: Needs) -> list[int]:
    """Return the rows that further seeds could bring into the range; empty if both sides are wide enough.

    On a side with fewer than two certain half octaves these are the likely end and the next two peaks inward.
    If no peak is certain, these are the likely peak and the next two peaks below. The rows that peaks are
    compared with follow.
    """
    safe = safe_range(sweep, needs)
    reference = _references(sweep)
    if safe is None:
        likely = recommended_peak(sweep, needs, is_certain=False)
        return [] if likely is None else [*range(max(0, likely - 2), likely + 1), *reference]
    rows: set[int] = set()
    if safe.likely_low < safe.low and safe.peak - safe.low < SUFFICIENT_WIDTH:
        rows |= set(range(safe.likely_low, min(safe.likely_low + 3, safe.peak)))
    if safe.likely_high > safe.high and safe.high - safe.peak < SUFFICIENT_WIDTH:
        rows |= set(range(max(safe.likely_high - 2, safe.peak + 1), safe.likely_high + 1))
    return [*sorted(rows), *reference] if rows else []


def ends_below(sweep: Sweep, needs: Needs, seeds: int) -> list[int]:
    """Return the ends of the range that ran on fewer seeds, and the rows that peaks are compared with."""
    safe = safe_range(sweep, needs)
    if safe is None:
        return []
    ends = [row for row in (safe.low, safe.high) if row != safe.peak and sweep.runs[row] < seeds]
    return [*ends, *_references(sweep)] if ends else []


def _references(sweep: Sweep) -> list[int]:
    """Return the rows that peaks are compared with: the configured peak, and the default if there is one."""
    return [sweep.configured_row, *([] if sweep.default is None else [len(sweep.rates)])]


def as_rates(sweep: Sweep, safe: SafeRange) -> SafeLearningRate:
    """Return the range as learning rates, as the recommendation states it.

    `diverges_above` is the half octave of the sweep below the lowest peak that diverged. A divergence beyond
    the sweep, seen in another stage, is treated as if the half octaves below it had been swept.
    """
    above = None
    if not math.isinf(safe.diverges):
        base = sweep.rates[sweep.configured_row]
        above = base * math.pow(2.0, (math.ceil(2.0 * math.log2(safe.diverges / base) - 1e-9) - 1) / 2)
    return SafeLearningRate(low=sweep.rates[safe.low], high=sweep.rates[safe.high], diverges_above=above)


def _walk(
    sweep: Sweep, needs: Needs, peak: int, direction: int, *, is_certain: bool = True
) -> tuple[int, Bound]:
    """Return the last row that is kept in one direction, and the reason why the range ends there."""
    row = peak
    while 0 <= row + direction < len(sweep.rates):
        bound = _violation(sweep, needs, row + direction, is_certain=is_certain)
        if bound is not None:
            return row, bound
        row += direction
    return row, Bound.SWEEP


def _violation(sweep: Sweep, needs: Needs, row: int, *, is_certain: bool) -> Bound | None:
    """Return the requirement that a peak violates; None if the peak is safe."""
    if sweep.has_diverged(row) or sweep.rates[row] > first_divergence(sweep, needs) / MARGIN * _ROUNDING:
        return Bound.DIVERGENCE
    losses = sweep.of(sweep.configured_row)
    finite = losses[~np.isnan(losses)]
    if not finite.size:  # the configured peak diverged on every seed: there is no loss to be close to
        return Bound.DIVERGENCE
    differences = sweep.difference(row, sweep.configured_row)
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
    if sweep.default is None or row == sweep.configured_row:
        return False
    differences = sweep.difference(row, len(sweep.rates))
    return bool(differences.size and differences.mean() > 0.0)


def upper_end(differences: Values | Sequence[float]) -> float:
    """Return the one-sided 97.5 % upper end of the true mean, by Student's t; a single value as it is."""
    values = np.asarray(differences)
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return mean
    quantile = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0))
    return mean + quantile * float(values.std(ddof=1)) / math.sqrt(n)
