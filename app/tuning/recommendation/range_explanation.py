"""The sentences about the safe range and about other horizons."""

from __future__ import annotations

from collections.abc import Iterator

from app.spec.job import JobSpec
from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.decision.race_history import RaceHistory
from app.tuning.learning_rates.safe_range import Bound, SafeRange
from app.tuning.learning_rates.sweep import octaves
from app.tuning.recommendation.formatting import listed, number

NARROW = 1.0  # octave

_BOUNDS = {
    Bound.DIVERGENCE: "an octave of margin to the first divergence",
    Bound.LOSS: "a loss that rises by more than the tolerance",
    Bound.SCATTER: "the scatter of the seeds",
    Bound.DEFAULT: "a default that does better there",
    Bound.SWEEP: "the end of the sweep",
}


def tell_range(course: RaceHistory) -> Iterator[str]:
    """Yield what the safe range is, and where it is narrow what ends it."""
    safe, found = course.safe, course.choice.range
    if safe is None or found is None:
        return
    if safe.low == safe.high:
        text = f"Only the recommended peak, {number(safe.low)}, is surely safe"
    else:
        text = f"Peaks {range_in_words(safe, found)} are safe"
    if octaves(safe.low, safe.high) <= NARROW:
        text += f"; below it ends by {_BOUNDS[found.low_bound]}, above by {_BOUNDS[found.high_bound]}"
    if safe.diverges_above is None:
        yield f"{text}. No run diverged at any peak up to {number(course.choice.sweep.rates[-1])}."
    else:
        yield f"{text}. No run diverged up to {number(safe.diverges_above)}, some did above."


def range_in_words(safe: SafeLearningRate, found: SafeRange) -> str:
    """Return such as "from 0.01 to at least 0.16"; an end of the sweep is no end of what is safe."""
    low = f"{number(safe.low)} or less" if found.low_bound is Bound.SWEEP else number(safe.low)
    high = f"at least {number(safe.high)}" if found.high_bound is Bound.SWEEP else number(safe.high)
    return f"from {low} to {high}"


def tell_horizons(spec: JobSpec, course: RaceHistory) -> Iterator[str]:
    """Yield the best peaks of other horizons."""
    others = [found for found in course.horizons.peaks or () if found.total_steps != spec.budget.steps]
    if others:
        parts = [f"{number(found.learning_rate)} for {found.total_steps:,} updates" for found in others]
        yield f"With the same settings the best peak is {listed(parts)}."
