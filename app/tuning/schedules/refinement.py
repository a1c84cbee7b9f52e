"""Schedule refinement: the learning rates for the next run, from the norms of the gradients of a run.

Source: Defazio et al. 2023, arXiv:2310.07831; written from the formula.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.table import Table

SMOOTHING = 0.1  # width of the median filter, as a share of the run
MOST_FACTORS = 1_000  # most factors of a table
# Least ratio of the smallest norm to another norm, so that no product of weights leaves the range of a
# double.
_MIN_SHARE = 1e-50

Factors = NDArray[np.float64]


class Norm(StrEnum):
    """A norm of the gradients that a refinement can read."""

    L1 = "l1"
    L2 = "l2"

    @property
    def exponent(self) -> int:
        """The n of the weight, norm^-n: 2 for the Euclidean norm of SGD, 1 for the l1 norm of Adam."""
        return 1 if self is Norm.L1 else 2


def norm_for(optimizer: str) -> Norm:
    """Return the norm for an optimizer, by its kind; raise UnknownKind if there is no such optimizer."""
    return Norm.L1 if OPTIMIZERS[optimizer].normalises else Norm.L2


def refined_factors(norms: ArrayLike, norm: Norm, smoothing: float = SMOOTHING) -> Factors:
    """Return the factors of the peak for the next run: (T,), in (0, 1], with a last 0 if T > 1.

    With G the smoothed norms and w = G^-2 (l2) or G^-1 (l1): factor(t) ~ w(t) * (sum of w(p) over p > t).
    Equal norms give a linear decay; large norms at the start give a warmup.

    norms: (T,) of the gradients at the T updates, as l2 or l1 norms, according to `norm`. After smoothing, an
    infinite norm counts as the largest finite norm, and zero as the smallest positive norm. If no norm is
    finite and positive, all norms count as equal.
    smoothing: width of the median filter, in [0, 1]; 0 for none.

    Raises:
        ValueError: There is no norm, or a norm is negative or nan.
    """
    values = np.asarray(norms, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"norms must be (T,) with T >= 1, got the shape {values.shape}")
    if not (values >= 0.0).all():
        raise ValueError(f"norms must be >= 0, got {values[~(values >= 0.0)][0]}")
    if len(values) == 1:
        return np.ones(1)  # a run with the factor 0 alone would make no update
    weights = _weights(smooth(values, smoothing), norm.exponent)
    later = np.zeros_like(weights)
    later[:-1] = np.cumsum(weights[:0:-1])[::-1]
    factors = weights * later
    return np.asarray(factors / factors.max())


def smooth(norms: Factors, smoothing: float) -> Factors:
    """Return the running median over the odd width 2 floor(smoothing T / 2) + 1.

    The first norm is repeated before the start. The norms are mirrored at the end, so that the end of a
    falling sequence is not flat.
    """
    half = int(smoothing * len(norms)) // 2
    if not half:
        return norms
    from scipy import ndimage  # only here: the import takes a third of a second of the start of a process

    padded = np.pad(np.pad(norms, (half, 0), mode="edge"), (0, half), mode="reflect")
    return np.asarray(ndimage.median_filter(padded, size=2 * half + 1)[half : half + len(norms)])


def table_schedule(factors: Factors, most: int = MOST_FACTORS) -> dict[str, Any]:
    """Return a `table` schedule, as `kind` and every field, with at most `most` of these factors."""
    # Any: the fields of a schedule as JSON has them.
    resampled = resample(factors, min(len(factors), most))
    return {"kind": Table.kind, **asdict(Table()), "factors": resampled.tolist()}


def resample(factors: Factors, count: int) -> Factors:
    """Return refined factors for another horizon: (count,), by linear interpolation from first to last.

    The peak may lie between two new factors, so the new factors are scaled to a maximum of 1 again.
    """
    if count == len(factors):
        return factors
    resampled = np.interp(np.linspace(0.0, len(factors) - 1.0, count), np.arange(len(factors)), factors)
    return np.asarray(resampled / resampled.max())


def _weights(smoothed: Factors, exponent: int) -> Factors:
    """Compute G^-exponent, scaled to a maximum of 1."""
    usable = smoothed[np.isfinite(smoothed) & (smoothed > 0.0)]
    if not len(usable):
        return np.ones_like(smoothed)
    least = usable.min()
    shares = least / np.clip(smoothed, least, usable.max())
    return np.asarray(np.maximum(shares, _MIN_SHARE) ** exponent)
