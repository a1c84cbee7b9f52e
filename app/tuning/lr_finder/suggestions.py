"""Analysis of a learning-rate range test: its smoothed losses, its end and the suggested rates.

The rates of a range test rise geometrically over one short run. Each loss is measured just before its update
(Smith 2017, arXiv:1506.01186). Rules and constants are those of fastai.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.tuning.lr_finder.bootstrap import Spread, spread
from app.tuning.lr_finder.curve_end import RISE, End, Reason, end_of
from app.tuning.lr_finder.fastai_rules import Reading, Vector, falls, read, smooth
from app.tuning.lr_finder.spikes import spikes, without_spikes
from app.tuning.lr_finder.warnings import warnings_of

__all__ = ["RISE", "End", "RangeAnalysis", "Reason", "analyse", "range_rates"]

SMOOTHING = 0.98  # weight of the past in the running mean
# The suggestions leave out one in SKIPPED_FIRST planned updates at the start, and SKIPPED_LAST at the end.
SKIPPED_FIRST, SKIPPED_LAST = 10, 5


@dataclass(frozen=True, kw_only=True, eq=False)
class RangeAnalysis:
    """The analysis of a range test. smoothed: (m,), the smoothed losses of the updates that count."""

    smoothed: Vector
    end: End
    reading: Reading
    spread: Spread
    warnings: tuple[str, ...]


def range_rates(low: float, high: float, steps: int) -> Vector:
    """Return low (high / low)^(k / steps) for each update k: (steps,). `high` itself is never reached."""
    return np.asarray(low * (high / low) ** (np.arange(steps) / steps))


def analyse(
    rates: Sequence[float] | Vector,
    losses: Sequence[float] | Vector,
    smoothing: float = SMOOTHING,
    planned: int | None = None,
) -> RangeAnalysis:
    """Return the analysis of a range test.

    rates: (n,), positive and rising.
    losses: (n,), nan or infinite if missing; the test ends before the first missing loss.
    smoothing: weight of the past in the running mean, 0 for none.
    planned: number of planned updates, if the run ended early; the first tenth of them is left out.
    """
    # Sums of losses near the largest number overflow; such losses give no better suggestions anyway.
    with np.errstate(over="ignore", invalid="ignore"):
        return _analyse(np.asarray(rates, np.float64), np.asarray(losses, np.float64), smoothing, planned)


def _analyse(rates: Vector, losses: Vector, smoothing: float, planned: int | None) -> RangeAnalysis:
    planned = planned or len(rates)
    finite = np.isfinite(losses)
    known = int(np.argmin(finite)) if not finite.all() else len(losses)
    spike_updates = spikes(losses[:known])
    clean = without_spikes(losses[:known], spike_updates)
    smoothed = smooth(clean, smoothing)
    end = end_of(rates, smoothed, len(losses), planned)
    smoothed, spike_updates = smoothed[: end.count], spike_updates[spike_updates < end.count]
    window = slice(planned // SKIPPED_FIRST, max(end.count - SKIPPED_LAST, 0))
    counted = rates[: end.count]
    reading = read(counted[window], smoothed[window])
    bootstrapped = (
        spread(counted, clean[: end.count], smoothing, window) if falls(smoothed[window]) else Spread()
    )
    return RangeAnalysis(
        smoothed=smoothed,
        end=end,
        reading=reading,
        spread=bootstrapped,
        warnings=tuple(warnings_of(smoothed[window], losses, spike_updates, end, reading, bootstrapped)),
    )
