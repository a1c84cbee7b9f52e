"""Means, intervals and probabilities from values paired by replicate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from app.engine.seeds import Purpose, stream

Values = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 10_000  # of a bootstrap: the standard error of a probability is at most 0.005


@dataclass(frozen=True)
class Mean:
    """A mean and its 95 % interval; None where one value says nothing about the spread."""

    mean: float
    ci95: tuple[float, float] | None


def mean_interval(values: Values, *, exact: bool = False) -> Mean | None:
    """The mean with Student's t interval: mean +- t(0.975, n - 1) s / sqrt(n). None where a value is nan.

    values: (n,). For differences of paired values this is the paired t interval.
    exact: whether the values have no spread to estimate; a single one then has itself as its interval.
    """
    n = len(values)
    if n == 0 or not np.isfinite(values).all():
        return None
    mean = float(values.mean())
    if n == 1:
        return Mean(mean, (mean, mean) if exact else None)
    spread = float(values.std(ddof=1)) / math.sqrt(n)
    half = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0)) * spread
    return Mean(mean, (mean - half, mean + half))


def probability_best(values: Values, seed: int) -> list[float]:
    """How often each entry's mean is the lowest when the replicates are drawn anew: a paired bootstrap.

    values: (entries, replicates). Every entry sees the same draws; ties share. An entry with a nan is out of
    the race and has probability 0, and where all are out all have.
    """
    probabilities = np.zeros(len(values))
    in_race = np.flatnonzero(np.isfinite(values).all(axis=1))
    if in_race.size and values.shape[1]:
        means = _resampled_means(values[in_race], seed)
        lowest = means == means.min(axis=0)
        probabilities[in_race] = (lowest / lowest.sum(axis=0)).mean(axis=1)
    return [float(probability) for probability in probabilities]


def probability_better(differences: Values, seed: int) -> float:
    """How often the mean difference is below zero when the replicates are drawn anew; zero counts half.

    differences: (n,), finite, paired by replicate.
    """
    means = _resampled_means(differences[np.newaxis], seed)[0]
    return float((means < 0).mean() + 0.5 * (means == 0).mean())


def _resampled_means(values: Values, seed: int) -> Values:
    """(entries, resamples): means over replicates drawn with replacement, the same for every entry."""
    n = values.shape[1]
    counts = stream(seed, Purpose.BOOTSTRAP, 0).multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES)
    # Row by row: equal entries must tie to the last bit, which a product of matrices does not promise.
    return np.stack([(counts * row).sum(axis=1) / n for row in values])
