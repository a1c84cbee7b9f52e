"""Reads a learning-rate range test: smooths its curve, says where it ended, and suggests rates.

The rates of a range test rise geometrically over one short run; each loss is the one that its update saw,
before that update was made (Smith 2017, arXiv:1506.01186). Rules and constants are those of fastai.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.98
RISE = 4.0  # times the lowest smoothed loss: there the test has diverged
ROUNDING = 1e-9  # of a loss: what the running mean of equal losses may differ by, and more
SKIPPED_FIRST, SKIPPED_LAST = 10, 5  # a tenth of the updates; updates before the end
SLIDE_WIDTH, SLIDE_THRESHOLD = 15, 0.005
LEAST_UPDATES = 20

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class RangeAnalysis:
    """What a range test says. smoothed: (m,), of the updates up to where it diverged.

    Suggestions are learning rates, None where the curve does not tell.
    """

    smoothed: Vector
    diverged: bool
    valley: float | None
    slide: float | None
    steepest: float | None
    minimum_over_10: float | None
    warnings: tuple[str, ...]


def range_rates(low: float, high: float, steps: int) -> Vector:
    """low (high / low)^(k / steps) for each update k: (steps,). `high` itself is never reached."""
    return np.asarray(low * (high / low) ** (np.arange(steps) / steps))


def analyse(
    rates: Sequence[float] | Vector,
    losses: Sequence[float] | Vector,
    smoothing: float = SMOOTHING,
    planned: int | None = None,
) -> RangeAnalysis:
    """The suggestions of a range test.

    rates: (n,), positive and rising. losses: (n,), nan or infinite where there is none: the test ends before
    the first such. smoothing: weight of the past in the running mean, 0 for none. planned: how many
    updates there were to be, where the run ended early; a tenth of these is left out at the start.
    """
    rates, losses = np.asarray(rates, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    finite = np.isfinite(losses)
    known = int(np.argmin(finite)) if not finite.all() else len(losses)
    smoothed = smooth(losses[:known], smoothing)
    end = _divergence(smoothed)
    diverged = known < len(losses) or end < known or len(losses) < (planned or 0)
    missing = known if end == known < len(losses) else None
    smoothed = smoothed[:end]
    window = slice((planned or len(rates)) // SKIPPED_FIRST, max(end - SKIPPED_LAST, 0))
    x, y = rates[:end][window], smoothed[window]
    falls = len(y) > 1 and bool(np.any(y[1:] < y[0] - ROUNDING * abs(y[0])))
    return RangeAnalysis(
        smoothed=smoothed,
        diverged=diverged,
        valley=_valley(x, y) if falls else None,
        slide=_slide(x, y) if falls else None,
        steepest=_steepest(x, y) if falls else None,
        minimum_over_10=float(x[np.argmin(y)]) / 10 if falls else None,
        warnings=tuple(_warnings(y, missing, diverged=diverged, falls=falls)),
    )


def smooth(losses: Vector, smoothing: float) -> Vector:
    """The running mean, with the bias of its start taken out."""
    means = np.empty_like(losses)
    mean = 0.0
    for i, loss in enumerate(losses.tolist()):
        mean = smoothing * mean + (1.0 - smoothing) * loss
        means[i] = mean / (1.0 - smoothing ** (i + 1))
    return means


def _divergence(smoothed: Vector) -> int:
    """How many updates count: up to and with the first whose loss is four times the lowest before it.

    That is no measure where losses can be negative: there it is one that rose above the start by three times
    what had been gained until then, or the size of the loss at the start where that is more.
    """
    if not len(smoothed):
        return 0
    lowest = np.minimum.accumulate(smoothed)
    scale = np.maximum(smoothed[0] - lowest, abs(smoothed[0]))  # at the start nothing has been gained
    limit = np.where(lowest > 0.0, RISE * lowest, smoothed[0] + (RISE - 1.0) * scale)
    above = smoothed > limit
    return int(np.argmax(above)) + 1 if above.any() else len(smoothed)


def _valley(x: Vector, y: Vector) -> float:
    """Half-way through the second third of the longest strictly decreasing subsequence."""
    tails: list[float] = []  # of the best subsequence of each length, the last loss, negated
    longest = end = 0
    for i, value in enumerate((-y).tolist()):
        place = bisect_left(tails, value)
        tails[place : place + 1] = [value]
        if place + 1 > longest:
            longest, end = place + 1, i
    start = end - longest
    third = (end - start) / 3
    return float(x[max(start + int(third) + int(third / 2), 0)])


def _slide(x: Vector, y: Vector) -> float | None:
    """From the end, the left edge of the last window of 15 whose slope differs at its two edges.

    As in fastai it is that of the first window where that does not differ, and the first rate where all do.
    None where there is no window.
    """
    if len(y) <= SLIDE_WIDTH:
        return None
    slope = np.gradient(y)
    left = found = len(y) - 1 - SLIDE_WIDTH
    while left >= 0 and _differs(slope, left):
        found = left
        left -= 1
    return float(x[found])


def _differs(slope: Vector, left: int) -> bool:
    """Whether the slope differs at the two edges of the window that begins there."""
    return bool(abs(slope[left + SLIDE_WIDTH] - slope[left]) > SLIDE_THRESHOLD)


def _steepest(x: Vector, y: Vector) -> float:
    """Where the loss falls fastest over the logarithm of the rate."""
    return float(x[np.argmin(np.diff(y) / np.diff(np.log(x)))])


def _warnings(y: Vector, missing: int | None, *, diverged: bool, falls: bool) -> list[str]:
    """missing: the update without a finite loss that ended the test, None where none did."""
    found = []
    if not falls and missing is not None:
        found.append(
            f"the loss of update {missing}, counted from 0, is not finite: the test ends there, before it "
            "fell; leave that update out, or begin at a lower learning rate"
        )
    elif not falls:
        found.append(
            "the loss does not fall between the tenth that is left out at the start and the end; begin at a "
            "lower learning rate, or make more updates"
        )
    elif not diverged and math.isclose(float(np.argmin(y)), len(y) - 1, abs_tol=0.5):
        found.append("the loss still falls at the highest learning rate; raise it")
    if falls and len(y) <= SLIDE_WIDTH:
        found.append(
            f"no slide: only {len(y)} updates count, and it wants more than {SLIDE_WIDTH}; take the valley"
        )
    elif falls and not _differs(np.gradient(y), len(y) - 1 - SLIDE_WIDTH):
        found.append("the slide stays at the end of the curve, where slopes hardly differ; take the valley")
    return found
