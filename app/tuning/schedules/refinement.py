"""The refined schedule of a run: from the norms of its gradients, the learning rates that suit the next run.

Source: Defazio et al. 2023, arXiv:2310.07831, schedule refinement; written from the formula.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.table import Table

SMOOTHING = 0.1  # width of the median filter, as a part of the run
MOST_FACTORS = 1_000
# Of the smallest norm in another one; so no product of weights leaves the range of a double.
_LEAST_SHARE = 1e-50

Factors = NDArray[np.float64]


class Norm(StrEnum):
    """Which norm of the gradients a refinement reads."""

    L1 = "l1"
    L2 = "l2"

    @property
    def exponent(self) -> int:
        """A weight is the norm to minus this: 2 for the Euclidean norm of SGD, 1 for the l1 norm of Adam."""
        return 1 if self is Norm.L1 else 2


def norm_for(optimizer: str) -> Norm:
    """The norm that suits an optimizer, by its kind. UnknownKind: there is no such optimizer."""
    return Norm.L1 if OPTIMIZERS[optimizer].normalises else Norm.L2


def refined_factors(norms: ArrayLike, norm: Norm, smoothing: float = SMOOTHING) -> Factors:
    """The factors of the peak for the next run: (T,), in (0, 1], and from T = 2 on 0 as the last.

    With G the smoothed norms and w = G^-2 (l2) or G^-1 (l1): factor(t) ~ w(t) * (sum of w(p) over p > t).
    Equal norms give a linear decay; large ones at the start, a warmup.

    norms: (T,) of the gradients that the T updates saw, as l2 or l1 norms, according to `norm`. Smoothed, an
    infinite one counts as the largest finite one and zero as the smallest positive one; where none is finite
    and positive, all count as equal. smoothing: of the median filter, in [0, 1]; 0 for none.
    ValueError: no norm, or one that is negative or nan.
    """
    given = np.asarray(norms, dtype=np.float64)
    if given.ndim != 1 or not len(given):
        raise ValueError(f"norms must be (T,) with T >= 1, got the shape {given.shape}")
    if not (given >= 0.0).all():
        raise ValueError(f"norms must be >= 0, got {given[~(given >= 0.0)][0]}")
    if len(given) == 1:
        return np.ones(1)  # a run that never moves is of no use
    weights = _weights(smooth(given, smoothing), norm.exponent)
    later = np.zeros_like(weights)
    later[:-1] = np.cumsum(weights[:0:-1])[::-1]
    factors = weights * later
    return np.asarray(factors / factors.max())


def smooth(norms: Factors, smoothing: float) -> Factors:
    """A running median over an odd width of 2 floor(smoothing T / 2) + 1.

    Before the start the first norm goes on; after the end the norms go back, so that the end of a falling
    sequence is not held flat.
    """
    half = int(smoothing * len(norms)) // 2
    if not half:
        return norms
    from scipy import ndimage  # only here: it takes a third of a second, of the start of every process

    padded = np.pad(np.pad(norms, (half, 0), mode="edge"), (0, half), mode="reflect")
    return np.asarray(ndimage.median_filter(padded, size=2 * half + 1)[half : half + len(norms)])


def table_schedule(factors: Factors, most: int = MOST_FACTORS) -> dict[str, Any]:
    """A `table` schedule, as `kind` and every field, of these factors: at most `most` of them."""
    # Any: the fields of a schedule as JSON has them.
    kept = resample(factors, min(len(factors), most))
    return {"kind": Table.kind, **asdict(Table()), "factors": kept.tolist()}


def resample(factors: Factors, count: int) -> Factors:
    """Refined factors for another horizon: (count,), by linear interpolation between the first and the last.

    The peak may lie between two of the new ones, so these are scaled to a maximum of 1 again.
    """
    if count == len(factors):
        return factors
    found = np.interp(np.linspace(0.0, len(factors) - 1.0, count), np.arange(len(factors)), factors)
    return np.asarray(found / found.max())


def _weights(smoothed: Factors, exponent: int) -> Factors:
    """G^-exponent, scaled to a maximum of 1."""
    usable = smoothed[np.isfinite(smoothed) & (smoothed > 0.0)]
    if not len(usable):
        return np.ones_like(smoothed)
    least = usable.min()
    shares = least / np.clip(smoothed, least, usable.max())
    return np.asarray(np.maximum(shares, _LEAST_SHARE) ** exponent)
