"""The rules of fastai for suggestions from the losses of a range test."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9  # share of a loss that exceeds the rounding error of a running mean of equal losses
SLIDE_WIDTH, SLIDE_THRESHOLD = 15, 0.005  # updates of a window, and the difference of slopes at its edges

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The learning rates that a loss curve suggests; None if the curve does not tell."""

    valley: float | None = None
    slide: float | None = None
    steepest: float | None = None
    minimum_over_10: float | None = None


def read(x: Vector, y: Vector) -> Reading:
    """Return the suggestions of smoothed losses y over learning rates x, (n,) each; none if y never falls."""
    if not falls(y):
        return Reading()
    return Reading(
        valley=_valley(x, y),
        slide=_slide(x, y),
        steepest=float(x[np.argmin(np.diff(y) / np.diff(np.log(x)))]),
        minimum_over_10=float(x[np.argmin(y)]) / 10,
    )


def smooth(losses: Vector, smoothing: float) -> Vector:
    """Return the exponential running mean along the last axis, corrected for the bias at the start."""
    means = np.empty_like(losses)
    mean = np.zeros(losses.shape[:-1])
    for i in range(losses.shape[-1]):
        mean = smoothing * mean + (1.0 - smoothing) * losses[..., i]
        means[..., i] = mean / (1.0 - smoothing ** (i + 1))
    return means


def falls(y: Vector) -> bool:
    """Return whether any loss lies below the first."""
    return len(y) > 1 and bool(np.any(y[1:] < y[0] - ROUNDING * abs(y[0])))


def slide_stays(y: Vector) -> bool:
    """Return whether the slide stays at the end, where slopes hardly differ; y is longer than a window."""
    return not _differs(y)[-1]


def _valley(x: Vector, y: Vector) -> float:
    """Return the rate half-way through the second third of the longest strictly decreasing subsequence."""
    tails: list[float] = []  # the last loss, negated, of the best subsequence of each length
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
    """Return the slide: the rate after the last window of 15 updates with equal slopes at both edges.

    The rate is that of the left edge of the next window, as in fastai. If no window has equal slopes, the
    slide is the first rate; if the last window has equal slopes, its left edge. None without a window.
    """
    if len(y) <= SLIDE_WIDTH:
        return None
    same = np.flatnonzero(~_differs(y))
    last = len(y) - 1 - SLIDE_WIDTH
    return float(x[min(int(same[-1]) + 1 if len(same) else 0, last)])


def _differs(y: Vector) -> NDArray[np.bool_]:
    """Return whether the slopes at the two edges of each window of 15 differ, by its left edge."""
    slope = np.gradient(y)
    return np.asarray(np.abs(slope[SLIDE_WIDTH:] - slope[:-SLIDE_WIDTH]) > SLIDE_THRESHOLD)
