"""The explanation of the safe range of learning rates, and of the best peaks at other horizons."""

from __future__ import annotations

from collections.abc import Iterator

from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.decision.race_history import RaceHistory
from app.tuning.learning_rates.safe_range import Bound, SafeRange
from app.tuning.learning_rates.sweep import octaves
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.formatting import listed, number, paragraph

MAX_NARROW_OCTAVES = 1.0  # widest range of which the explanation says what ends each side

_BOUNDS = {
    Bound.DIVERGENCE: "an octave of margin to the first divergence",
    Bound.LOSS: "a loss that rises by more than the tolerance",
    Bound.SCATTER: "the scatter of the seeds",
    Bound.DEFAULT: "a default that does better there",
    Bound.SWEEP: "the end of the sweep",
}


def explain_range(history: RaceHistory) -> Iterator[str]:
    """Yield the safe range, and what ends each side of a narrow one."""
    safe, safe_range = history.safe, history.choice.range
    if safe is None or safe_range is None:
        return
    if safe.low == safe.high:
        peaks = f"Only the recommended peak learning rate, {number(safe.low)}, is surely safe."
    else:
        peaks = f"Peak learning rates {range_in_words(safe, safe_range)} are safe."
    bounds = ""
    if octaves(safe.low, safe.high) <= MAX_NARROW_OCTAVES:
        low, high = _BOUNDS[safe_range.low_bound], _BOUNDS[safe_range.high_bound]
        bounds = f"The lower end is set by {low}. The upper end is set by {high}."
        if low == high:
            bounds = f"Both ends are set by {low}."
    if safe.diverges_above is None:
        diverged = f"No run diverged at any peak up to {number(history.choice.sweep.rates[-1])}."
    else:
        limit = number(safe.diverges_above)
        diverged = f"No run diverged at peaks up to {limit}; some runs diverged above {limit}."
    yield paragraph(peaks, bounds, diverged)


def range_in_words(safe: SafeLearningRate, safe_range: SafeRange) -> str:
    """Return text such as "from 0.01 to at least 0.16"; peaks beyond the end of the sweep may be safe."""
    low = f"{number(safe.low)} or less" if safe_range.low_bound is Bound.SWEEP else number(safe.low)
    high = f"at least {number(safe.high)}" if safe_range.high_bound is Bound.SWEEP else number(safe.high)
    return f"from {low} to {high}"


def explain_horizons(plan: Plan, history: RaceHistory) -> Iterator[str]:
    """Yield the best peaks at other horizons."""
    others = [peak for peak in history.horizons.peaks or () if peak.total_steps != plan.steps]
    if others:
        parts = [f"{number(peak.learning_rate)} for {peak.total_steps:,} updates" for peak in others]
        yield f"With the same settings the best peak learning rate is {listed(parts)}."
