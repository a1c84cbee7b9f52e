"""The line through the best peaks of several horizons, and the peak of a run of any length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.spec.resources.recommendations import Recommendation

MIN_SLOPE, MAX_SLOPE = -1.0, 0.0  # bounds of the line's slope, log peak over log steps
HALF_OCTAVE = math.sqrt(2.0)  # a ratio of two peaks


class Basis(StrEnum):
    """The basis of a peak: how its value was obtained."""

    TUNED = "tuned"
    MEASURED = "measured"
    INTERPOLATED = "interpolated"
    EXTRAPOLATED = "extrapolated"


@dataclass(frozen=True, kw_only=True)
class HorizonChoice:
    """The peak of a run of some length, and its basis."""

    peak: float
    basis: Basis


def fitted_line(peaks: Mapping[int, float]) -> Callable[[int], float]:
    """Return the least-squares line through the points in log-log, its slope limited to -1 to 0.

    peaks: the best peak by the number of updates, at least one. The line through a single point is flat.
    """
    steps = [math.log(length) for length in peaks]
    heights = [math.log(peak) for peak in peaks.values()]
    middle, height = sum(steps) / len(steps), sum(heights) / len(heights)
    spread = sum((x - middle) ** 2 for x in steps)
    rise = sum((x - middle) * (y - height) for x, y in zip(steps, heights, strict=True))
    slope = min(MAX_SLOPE, max(MIN_SLOPE, rise / spread)) if spread > 0.0 else MAX_SLOPE
    return lambda length: math.exp(height + slope * (math.log(length) - middle))


def peak_at(recommendation: Recommendation, total_steps: int) -> HorizonChoice:
    """Return the peak for a run of `total_steps` updates.

    A measured horizon gives its peak. Between two horizons the peak lies on their line in log-log, beyond the
    horizons on the fitted line. If no horizon was measured, the tuned peak stays.

    An extrapolated peak of a longer run is at most the peak of the longest horizon. An extrapolated peak of a
    shorter run stays half an octave below `diverges_above`, but may be the peak of the shortest horizon.
    """
    tuned = float(recommendation.optimizer["learning_rate"])
    known = {horizon.total_steps: horizon.learning_rate for horizon in recommendation.horizons or ()}
    if total_steps == recommendation.total_steps or not known:
        return HorizonChoice(peak=tuned, basis=Basis.TUNED)
    if total_steps in known:
        return HorizonChoice(peak=known[total_steps], basis=Basis.MEASURED)
    shortest, longest = min(known), max(known)
    if shortest < total_steps < longest:
        return HorizonChoice(peak=_between(known, total_steps), basis=Basis.INTERPOLATED)
    peak = fitted_line(known)(total_steps)
    if total_steps > longest:
        return HorizonChoice(peak=min(peak, known[longest]), basis=Basis.EXTRAPOLATED)
    safe = recommendation.safe_learning_rate
    if safe is not None and safe.diverges_above is not None:
        peak = min(peak, max(known[shortest], safe.diverges_above / HALF_OCTAVE))
    return HorizonChoice(peak=peak, basis=Basis.EXTRAPOLATED)


def _between(known: Mapping[int, float], total_steps: int) -> float:
    """Return the point on the line through the two neighbouring horizons, in log-log."""
    before = max(length for length in known if length < total_steps)
    after = min(length for length in known if length > total_steps)
    share = math.log(total_steps / before) / math.log(after / before)
    low, high = math.log(known[before]), math.log(known[after])
    return math.exp((1.0 - share) * low + share * high)
