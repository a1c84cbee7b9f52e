"""Means, confidence intervals and probabilities of values that are paired by replicate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from app.engine.seeds import Purpose, stream

Values = NDArray[np.float64]

CONFIDENCE = 0.95  # level of every interval
LEAST_FOR_SKEWNESS = 8  # fewest values whose skewness is estimated
MIN_SKEWNESS = 1e-6  # below this size of `a`, Hall's transformation is the identity but for rounding
MAX_EXPONENT = 700.0  # largest x whose exp(x) a float can hold
DRAWS = 10_000  # draws of the means of a race: the standard error of a probability is at most 0.005


@dataclass(frozen=True)
class Mean:
    """A mean and its 95 % interval; the interval is None if a single value says nothing about the spread."""

    mean: float
    ci95: tuple[float, float] | None


def mean_interval(values: Values, *, exact: bool = False) -> Mean | None:
    """Compute the mean with Student's t interval: mean +- t(0.975, n - 1) s / sqrt(n).

    The result is None without values, or if a value is not finite. For differences of paired values the
    interval is the paired t interval.
    values: (n,). exact: whether the values have no spread to estimate; a single value is then its own
    interval.
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
    """Compute the mean with an interval that allows for skewness: a few losses are far above the rest.

    The quantiles of Student's t are transformed back by the inverse of the transformation that removes the
    first term of t in the skewness: g(t) = t + a t^2 / 3 + a^2 t^3 / 27 + a / 6 with a = skewness / sqrt(n).
    Source: Hall 1992, On the removal of skewness by transformation, J. R. Statist. Soc. B 54, 221-228.
    Fewer than 8 values say nothing about the skewness: their interval, and the interval of values without
    skewness, is that of `mean_interval`. values, exact: see `mean_interval`.
    """
    plain = mean_interval(values, exact=exact)
    n = len(values)
    if plain is None or n < LEAST_FOR_SKEWNESS:
        return plain
    a = _skewness(values) / math.sqrt(n)
    if abs(a) < MIN_SKEWNESS:
        return plain
    quantile, error = float(stdtrit(n - 1, (1.0 + CONFIDENCE) / 2.0)), _standard_error(values)
    low, high = (plain.mean - error * _hall(t, a) for t in (quantile, -quantile))
    return Mean(plain.mean, (low, high))


def lognormal_interval(values: Values) -> tuple[float, float] | None:
    """Compute the 95 % interval for the mean of values whose logarithms are normal.

    The interval is exp(m + u^2 / 2 -+ t(0.975, n - 1) sqrt(s^2 / n + 5 u^4 / (4 n))). The logarithms have the
    mean m and the variance s^2. u^2 is twice the mean of the squares of max(logarithm - m, 0). The method
    is Cox's (Olsson 2005, Confidence intervals for the mean of a log-normal distribution, J. Statistics
    Education 13(1)) with u in place of s; for normal logarithms both are the same. The mean depends on the
    large values, so the scatter of the large values counts: the interval reflects a tail that is heavier than
    the tail of the small values. A few values many decades below the others lower m and widen the interval,
    but far less than by Cox's method. 5 s^4 / n is the variance of u^2 around a known m. Around the mean of
    the sample the variance is half of that, which is too little if the logarithms scatter widely.
    The result is None below 8 values, if a value is not positive, or if no float can hold a bound.
    values: (n,).
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
    if centre + half > MAX_EXPONENT:
        return None
    return math.exp(centre - half), math.exp(centre + half)


def loss_interval(values: Values, *, exact: bool = False) -> Mean | None:
    """Compute the mean of losses with the hull of `skewed_interval` and `lognormal_interval`.

    The skewed interval uses the spread of the sample. The lognormal interval estimates from the scatter of
    the logarithms how large the loss of a seed that was not drawn may be. The largest of losses that span
    decades decide the mean, and a sample has few of them. If losses scatter by a few percent, both intervals
    agree.
    values, exact: see `mean_interval`.
    """
    skewed = skewed_interval(values, exact=exact)
    lognormal = lognormal_interval(values)
    if skewed is None or skewed.ci95 is None or lognormal is None:
        return skewed
    return Mean(skewed.mean, (min(skewed.ci95[0], lognormal[0]), max(skewed.ci95[1], lognormal[1])))


def _hall(t: float, a: float) -> float:
    """Compute the inverse of Hall's transformation."""
    return 3.0 / a * (float(np.cbrt(1.0 + a * (t - a / 6.0))) - 1.0)


def _skewness(values: Values) -> float:
    """Compute Fisher's skewness, corrected for the size of the sample; 0 if the values have no spread."""
    n = len(values)
    deviations = values - values.mean()
    variance = float((deviations**2).mean())
    if variance == 0.0:
        return 0.0
    plain = float((deviations**3).mean()) / variance**1.5
    return float(plain * math.sqrt(n * (n - 1)) / (n - 2))


def probability_best(values: Values, seed: int) -> list[float]:
    """Estimate for each configuration the probability that its true mean is the lowest.

    The true means are assumed to have the multivariate t distribution that underlies the paired t intervals:
    its centre is the means, its scale the covariance over the replicates / n, and it has n - 1 degrees of
    freedom. The probability of a configuration is the share of 10,000 joint draws in which its mean is the
    lowest; ties are shared. So the probability never exceeds the probability of being better than any single
    other configuration. A configuration with a nan has left the race and has probability 0. A single
    replicate decides alone.
    values: (configurations, replicates).
    """
    probabilities = np.zeros(len(values))
    in_race = np.flatnonzero(np.isfinite(values).all(axis=1))
    if in_race.size and values.shape[1]:
        means = _drawn_means(values[in_race], seed)
        lowest = means == means.min(axis=0)
        probabilities[in_race] = (lowest / lowest.sum(axis=0)).mean(axis=1)
    return [float(probability) for probability in probabilities]


def probability_better(differences: Values) -> float:
    """Compute the probability that the true mean of the differences is below zero, by Student's t.

    The probability exceeds 0.975 if, and only if, the 95 % interval lies below zero. Without a spread, as of
    a single difference, the probability is 1 or 0, or 0.5 for a mean of zero.
    differences: (n,), finite, paired by replicate.
    """
    n = len(differences)
    mean = float(differences.mean())
    error = _standard_error(differences) if n > 1 else 0.0
    if error == 0.0:
        return 0.5 if mean == 0.0 else float(mean < 0.0)
    return float(stdtr(n - 1, -mean / error))


def largest_share(values: Values) -> float:
    """Compute the share of the largest absolute value in the sum of all, from 1 / n to 1.

    Near 1 a single value decides the mean, and no interval from the other values can predict it. The result
    is 0 if the sum is zero or not finite.
    values: (n,).
    """
    sizes = np.abs(values)
    total = float(sizes.sum())
    return float(sizes.max()) / total if np.isfinite(total) and total > 0.0 else 0.0


def _standard_error(values: Values) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def _drawn_means(values: Values, seed: int) -> Values:
    """Draw the means jointly: (configurations, draws), or (configurations, 1) for a single replicate."""
    n = values.shape[1]
    means: Values = values.mean(axis=1, keepdims=True)
    if n == 1:
        return means
    generator = stream(seed, Purpose.RACE_MEANS, 0)
    normal = generator.standard_normal((DRAWS, n))
    stretch = np.sqrt((n - 1) / generator.chisquare(n - 1, DRAWS))
    # The deviations themselves are a root of the covariance, so that it may be singular.
    roots = (values - means) / math.sqrt(n * (n - 1))
    # Row by row: equal configurations must tie to the last bit, which a matrix product does not guarantee.
    scatter = np.stack([(normal * root).sum(axis=1) for root in roots])
    drawn: Values = means + stretch * scatter
    return drawn
