"""Finds single losses of a range test that stand apart from those around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AROUND = 3  # losses before and after that a loss is compared with
APART = 4.0  # times those around it, or a quarter of them
SCATTER = 10.0  # times the median change from loss to loss: by less nothing stands apart

Vector = NDArray[np.float64]


def spikes(losses: Vector) -> NDArray[np.intp]:
    """Return the updates whose loss stands apart from the medians of the losses before it and after it.

    A spike is at most two updates long: the losses return to what they were. Where they do not return the
    test has diverged, and the last loss is never a spike. losses: (n,), finite.
    """
    if len(losses) < AROUND:
        return np.zeros(0, dtype=np.intp)
    before, after = _medians(losses)
    low, high = np.minimum(before, after), np.maximum(before, after)
    above = losses - high > (APART - 1.0) * np.abs(high)
    below = low - losses > (APART - 1.0) * np.abs(losses)
    distance = np.maximum(losses - high, low - losses)
    far = distance > SCATTER * np.median(np.abs(np.diff(losses)))
    return np.flatnonzero((above | below) & far)


def without_spikes(losses: Vector, found: NDArray[np.intp]) -> Vector:
    """Return the losses, each spike replaced by the mean of the medians on its two sides."""
    if not len(found):
        return losses
    before, after = _medians(losses)
    replaced = losses.copy()
    replaced[found] = 0.5 * (before[found] + after[found])
    return replaced


def _medians(losses: Vector) -> tuple[Vector, Vector]:
    """Return the medians of the losses before each and after each, (n,); at an end those of the other side.

    After the last loss there is only the loss itself, so that nothing stands apart there.
    """
    padding = np.full(AROUND, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([padding, losses, padding]), AROUND)
    after = np.append(np.nanmedian(windows[AROUND + 1 : -1], axis=1), losses[-1])
    before = np.append(after[0], np.nanmedian(windows[1 : len(losses)], axis=1))
    return before, after
