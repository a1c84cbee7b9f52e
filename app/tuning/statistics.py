"""Means, intervals and probabilities from values paired by replicate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from app.engine.seeds import Purpose, stream

Values = NDArray[np.float64]

CONFIDENCE = 0.95
LEAST_FOR_SKEWNESS = 8  # values
NO_SKEWNESS = 1e-6  # below, the transformation is the identity but for rounding
LARGEST_EXPONENT = 700.0  # of e, that a float holds
DRAWS = 10_000  # of the means of a race: the standard error of a probability is at most 0.005


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
    half = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0)) * _standard_error(values)
    return Mean(mean, (mean - half, mean + half))


def skewed_interval(values: Values, *, exact: bool = False) -> Mean | None:
    """The mean with an interval that allows for skewness: of losses a few are far above the rest.

    Student's t of the values, carried through the transformation that removes its first term in the skewness:
    g(t) = t + a t^2 / 3 + a^2 t^3 / 27 + a / 6 with a = skewness / sqrt(n). Source: Hall 1992, On the removal
    of skewness by transformation, J. R. Statist. Soc. B 54, 221-228. Below 8 values, whose skewness says
    nothing, and without any it is `mean_interval`. values, exact: as there.
    """
    plain = mean_interval(values, exact=exact)
    n = len(values)
    if plain is None or n < LEAST_FOR_SKEWNESS:
        return plain
    a = _skewness(values) / math.sqrt(n)
    if abs(a) < NO_SKEWNESS:
        return plain
    quantile, error = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0)), _standard_error(values)
    low, high = (plain.mean - error * _hall(t, a) for t in (quantile, -quantile))
    return Mean(plain.mean, (low, high))


def lognormal_interval(values: Values) -> tuple[float, float] | None:
    """The 95 % interval for the mean of values whose logarithms are normal; None where that makes no sense.

    exp(m + u^2 / 2 -+ t(0.975, n - 1) sqrt(s^2 / n + 5 u^4 / (4 n))) with mean m and variance s^2 of the
    logarithms, and u^2 twice the mean square by which they exceed m, 0 where they do not. It is Cox's method
    (Olsson 2005, Confidence intervals for the mean of a log-normal distribution, J. Statistics Education
    13(1)) with u for s, which is the same of normal logarithms. The mean comes from the large values, so
    their scatter counts: a tail heavier than that of the small values is seen. A few values many decades
    below the others pull m down, and drive the bounds apart, but far less than by Cox's method. 5 s^4 / n is
    the variance of u^2 around a known m; around that of the sample it is half of it, and too little where
    logarithms scatter widely.
    values: (n,). None below 8 values, where one is not positive, and where a bound is beyond all numbers.
    """
    n = len(values)
    if n < LEAST_FOR_SKEWNESS or not (values > 0.0).all() or not np.isfinite(values).all():
        return None
    logarithms = np.log(values)
    mean = float(logarithms.mean())
    upper = 2.0 * float((np.maximum(logarithms - mean, 0.0) ** 2).mean())
    centre = mean + upper / 2.0
    error = math.sqrt(float(logarithms.var(ddof=1)) / n + 1.25 * upper**2 / n)
    half = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0)) * error
    if centre + half > LARGEST_EXPONENT:
        return None
    return math.exp(centre - half), math.exp(centre + half)


def loss_interval(values: Values, *, exact: bool = False) -> Mean | None:
    """The mean of losses with the hull of `skewed_interval` and `lognormal_interval`.

    The first takes the spread for what it is, the second sees in the scatter of the logarithms how far a seed
    that was not drawn may reach: of losses that span decades the largest carry the mean, and a sample has few
    of them. Where losses scatter by a few percent the two are the same. values, exact: as of `mean_interval`.
    """
    found = skewed_interval(values, exact=exact)
    other = lognormal_interval(values)
    if found is None or found.ci95 is None or other is None:
        return found
    return Mean(found.mean, (min(found.ci95[0], other[0]), max(found.ci95[1], other[1])))


def _hall(t: float, a: float) -> float:
    """The inverse of Hall's transformation."""
    return 3.0 / a * (float(np.cbrt(1.0 + a * (t - a / 6.0))) - 1.0)


def _skewness(values: Values) -> float:
    """Fisher's, with the correction for the size of the sample; 0 without a spread."""
    n = len(values)
    deviations = values - values.mean()
    variance = float((deviations**2).mean())
    if variance == 0.0:
        return 0.0
    plain = float((deviations**3).mean()) / variance**1.5
    return float(plain * math.sqrt(n * (n - 1)) / (n - 2))


def probability_best(values: Values, seed: int) -> list[float]:
    """How probable it is that each entry's true mean is the lowest.

    values: (entries, replicates). The true means are taken to be distributed as the multivariate t that the
    paired t intervals come from: around the means, with the covariance of the entries over the replicates / n
    and n - 1 degrees of freedom. Of 10,000 draws of all means at once, an entry's probability is the share in
    which its own is the lowest; ties share. So it never exceeds the probability of being better than any one
    of the others. An entry with a nan is out of the race and has probability 0, and where all are out all
    have. A single replicate decides alone.
    """
    probabilities = np.zeros(len(values))
    in_race = np.flatnonzero(np.isfinite(values).all(axis=1))
    if in_race.size and values.shape[1]:
        means = _drawn_means(values[in_race], seed)
        lowest = means == means.min(axis=0)
        probabilities[in_race] = (lowest / lowest.sum(axis=0)).mean(axis=1)
    return [float(probability) for probability in probabilities]


def probability_better(differences: Values) -> float:
    """How probable it is that the true mean of the differences is below zero, by Student's t.

    differences: (n,), finite, paired by replicate. It exceeds 0.975 where, and only where, the 95 % interval
    lies below zero. Without a spread, as with a single difference, it is 1, 0, or 0.5 for a mean of zero.
    """
    n = len(differences)
    mean = float(differences.mean())
    error = _standard_error(differences) if n > 1 else 0.0
    if error == 0.0:
        return 0.5 if mean == 0.0 else float(mean < 0.0)
    return float(stdtr(n - 1, -mean / error))


def largest_share(values: Values) -> float:
    """The part of a sum that the largest in size of its terms is, from 1 / n to 1; 0 where it says nothing.

    values: (n,). Near 1 the mean is that of a single value, and no interval from the others can know it.
    """
    sizes = np.abs(values)
    total = float(sizes.sum())
    return float(sizes.max()) / total if np.isfinite(total) and total > 0.0 else 0.0


def _standard_error(values: Values) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def _drawn_means(values: Values, seed: int) -> Values:
    """(entries, draws) of the means, jointly; (entries, 1) of a single replicate."""
    n = values.shape[1]
    means: Values = values.mean(axis=1, keepdims=True)
    if n == 1:
        return means
    generator = stream(seed, Purpose.RACE_MEANS, 0)
    normal = generator.standard_normal((DRAWS, n))
    stretch = np.sqrt((n - 1) / generator.chisquare(n - 1, DRAWS))
    # The deviations themselves are a root of the covariance, so that it may be singular.
    roots = (values - means) / math.sqrt(n * (n - 1))
    # Row by row: equal entries must tie to the last bit, which a product of matrices does not promise.
    scatter = np.stack([(normal * root).sum(axis=1) for root in roots])
    drawn: Values = means + stretch * scatter
    return drawn
