"""From losses on common fresh seeds to the figures of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.advice.problems import FRESH

Losses = NDArray[np.float64]

CONFIDENCE = 0.95
FLOOR = 2.0  # standard errors of the gap between Adam and the oracle


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """The losses on a problem.

    advised: (jobs, seeds), nan where a run diverged. peers: (studies, seeds), the same; None where they were
    left out. oracle, adam: (seeds,). stated: the interval of each job, None where it stated none.
    """

    advised: Losses
    peers: Losses | None
    oracle: Losses
    adam: Losses
    stated: Sequence[tuple[float, float] | None]

    @property
    def gap(self) -> float:
        """Return by how much the oracle is better than Adam at its defaults."""
        return float((self.adam - self.oracle).mean())

    @property
    def floor(self) -> float:
        """Return the value that the gap must exceed to be a measure."""
        return FLOOR * standard_error(self.adam - self.oracle)

    @property
    def is_measured(self) -> bool:
        """Return whether regret means something here; else only not being worse than Adam counts."""
        return self.gap > self.floor

    @property
    def regret(self) -> Estimate:
        """Return (advised - oracle) / (Adam - oracle), the mean over the jobs."""
        return clustered((self.advised - self.oracle) / self.gap)

    @property
    def against_adam(self) -> Estimate:
        """Return advised - Adam, in loss."""
        return clustered(self.advised - self.adam)

    @property
    def against_peer(self) -> Estimate | None:
        """Return advised - peers, in loss."""
        return None if self.peers is None else gap_between(self.advised, self.peers)

    @property
    def covered(self) -> list[bool]:
        """Return for each job whether its interval holds the mean over the first 200 fresh seeds."""
        return [
            interval is not None and interval[0] <= row[:FRESH].mean() <= interval[1]
            for interval, row in zip(self.stated, self.advised, strict=True)
        ]


def standard_error(values: Losses) -> float:
    """Return the standard error of the mean; 0 for one value, when every seed gives the same."""
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def clustered(values: Losses) -> Estimate:
    """Return the mean of (jobs, seeds) with an interval for other jobs on other seeds.

    The variances of the job means and of the seed means are added: an upper bound, since both contain the
    scatter of single runs. Infinite where a run diverged.
    """
    return _estimate(float(values.mean()), values.mean(axis=1), values.mean(axis=0))


def gap_between(ones: Losses, others: Losses) -> Estimate:
    """Ones - others, (jobs, seeds) and (studies, seeds): only the seeds are common to both.

    Where the others alone diverged, the mean is minus infinity.
    """
    if np.isfinite(ones).all() and not np.isfinite(others).all():
        return Estimate(-math.inf, -math.inf, math.inf)
    gaps = ones.mean(axis=0) - others.mean(axis=0)
    return _estimate(float(gaps.mean()), ones.mean(axis=1), others.mean(axis=1), gaps)


def _estimate(mean: float, *clusters: Losses) -> Estimate:
    """With the variances of the means of several groupings added. Infinite where a run diverged."""
    if not all(np.isfinite(means).all() for means in clusters):
        return Estimate(math.inf, -math.inf, math.inf)
    variance, freedom = 0.0, math.inf
    for means in clusters:
        if len(means) > 1:
            variance += float(means.var(ddof=1)) / len(means)
            freedom = min(freedom, len(means) - 1)
    half = float(stdtrit(freedom, (1.0 + CONFIDENCE) / 2.0)) * math.sqrt(variance) if variance else 0.0
    return Estimate(mean, mean - half, mean + half)


def share(flags: Sequence[bool]) -> Estimate:
    """Return a share of successes with Wilson's interval."""
    n, p, z = len(flags), sum(flags) / len(flags), 1.96
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(p, centre - half, centre + half)
