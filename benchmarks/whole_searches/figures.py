"""Means over problems and seeds, with their intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLED = 10_000


def interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean over (problems, seeds) with a 95 % interval by resampling each problem's seeds."""
    generator = np.random.default_rng(0)
    problems, seeds = values.shape
    drawn = generator.integers(seeds, size=(RESAMPLED, problems, seeds))
    means = values[np.arange(problems)[:, None], drawn].mean(axis=(1, 2))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)
