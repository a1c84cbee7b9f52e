"""The line through the best peaks of several horizons, and the peak that it gives a run of any length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.spec.resources.recommendations import Recommendation

STEEPEST, FLATTEST = -1.0, 0.0  # the slope of the line, log peak over log steps
HALF_OCTAVE = math.sqrt(2.0)


class Basis(StrEnum):
    """What a peak rests on."""

    TUNED = "tuned"
    MEASURED = "measured"
    INTERPOLATED = "interpolated"
    EXTRAPOLATED = "extrapolated"


@dataclass(frozen=True, kw_only=True)
class HorizonChoice:
    """The peak of a run of some length, and what it rests on."""

    peak: float
    basis: Basis


def fitted_line(peaks: Mapping[int, float]) -> Callable[[int], float]:
    """Return the line through the points by least squares in log-log, its slope held between -1 and 0.

    peaks: the best peak by the number of updates; one at least. Of one point the line is flat.
    """
    steps = [math.log(length) for length in peaks]
    heights = [math.log(peak) for peak in peaks.values()]
    middle, height = sum(steps) / len(steps), sum(heights) / len(heights)
    spread = sum((x - middle) ** 2 for x in steps)
    rise = sum((x - middle) * (y - height) for x, y in zip(steps, heights, strict=True))
    slope = min(FLATTEST, max(STEEPEST, rise / spread)) if spread > 0.0 else FLATTEST
    return lambda length: math.exp(height + slope * (math.log(length) - middle))


def peak_at(recommendation: Recommendation, total_steps: int) -> HorizonChoice:
    """Return the peak for a run of so many updates.

    That of a measured horizon; between two of them on a line in log-log; beyond them on the fitted line. An
    extrapolated peak of a longer run is never above that of the longest one measured. That of a shorter run
    keeps half an octave to the highest peak that did not diverge in the sweep. The tuned peak where no
    horizon was measured.
    """
    tuned = float(recommendation.optimizer["learning_rate"])
    known = {found.total_steps: found.learning_rate for found in recommendation.horizons or ()}
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
    """Return the point of the line through the two neighbours, in log-log."""
    before = max(length for length in known if length < total_steps)
    after = min(length for length in known if length > total_steps)
    share = math.log(total_steps / before) / math.log(after / before)
    low, high = math.log(known[before]), math.log(known[after])
    return math.exp((1.0 - share) * low + share * high)
