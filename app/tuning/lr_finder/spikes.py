"""Spikes of a range test: single losses far from the losses around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 3  # losses before a loss, and after it, with which the loss is compared
MIN_RATIO = 4.0  # a spike is this many times its neighbours, or less than their part of as many
MIN_CHANGES = 10.0  # least distance of a spike from its neighbours, in median changes from loss to loss

Vector = NDArray[np.float64]


def spikes(losses: Vector) -> NDArray[np.intp]:
    """Return the updates whose loss is far from the medians of the losses before and after.

    A spike is at most two updates long, after which the losses return to their former size. Losses that do
    not return are no spike: the test has diverged. The last loss is never a spike.
    losses: (n,), finite.
    """
    if len(losses) < NEIGHBOURS:
        return np.zeros(0, dtype=np.intp)
    before, after = _medians(losses)
    low, high = np.minimum(before, after), np.maximum(before, after)
    above = losses - high > (MIN_RATIO - 1.0) * np.abs(high)
    below = low - losses > (MIN_RATIO - 1.0) * np.abs(losses)
    distance = np.maximum(losses - high, low - losses)
    far = distance > MIN_CHANGES * np.median(np.abs(np.diff(losses)))
    return np.flatnonzero((above | below) & far)


def without_spikes(losses: Vector, updates: NDArray[np.intp]) -> Vector:
    """Return the losses with each spike replaced by the mean of the medians on both sides.

    updates: of the spikes.
    """
    if not len(updates):
        return losses
    before, after = _medians(losses)
    replaced = losses.copy()
    replaced[updates] = 0.5 * (before[updates] + after[updates])
    return replaced


def _medians(losses: Vector) -> tuple[Vector, Vector]:
    """Return the medians of the losses before and after each loss, (n,) each.

    The first loss has the median after it on both sides. After the last loss the median is the loss itself,
    so that the last loss is never a spike.
    """
    padding = np.full(NEIGHBOURS, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([padding, losses, padding]), NEIGHBOURS)
    after = np.append(np.nanmedian(windows[NEIGHBOURS + 1 : -1], axis=1), losses[-1])
    before = np.append(after[0], np.nanmedian(windows[1 : len(losses)], axis=1))
    return before, after
