"""How far the suggestions of a range test move with the noise of its losses: a wild bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from app.tuning.lr_finder.fastai_rules import Reading, read, smooth

CURVES, LEAST_CURVES = 100, 20  # with noise drawn anew: of a usual curve, and of a very long one
LOSSES = 200_000  # drawn for all curves together, which takes half a second
LOW, HIGH = 0.1, 0.9  # the quantiles of their suggestions
WIDTH, ORDER = (
    9,
    2,
)  # updates of the local polynomial that is taken for the curve without noise, and its order
SEED = 0  # equal curves have an equal spread

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The 10 % and the 90 % quantile of each suggestion; None where the curve does not tell."""

    valley: tuple[float, float] | None = None
    slide: tuple[float, float] | None = None
    steepest: tuple[float, float] | None = None
    minimum_over_10: tuple[float, float] | None = None


def spread(rates: Vector, losses: Vector, smoothing: float, window: slice) -> Spread:
    """Return how far the suggestions scatter over curves with the same trend and other noise.

    The trend is a local quadratic; the noise of each update is what is left, with a random sign (Wu 1986,
    Annals of Statistics 14, 1261-1295), which keeps noise that grows with the rate. Of losses above zero it
    is that of their logarithms. rates, losses: (n,), of the updates that count. window: what is read.
    """
    if len(losses) < WIDTH:
        return Spread()
    positive = bool((losses > 0.0).all())
    curve = np.log(losses) if positive else losses
    trend, noise = _trend(curve)
    curves = min(CURVES, max(LEAST_CURVES, LOSSES // len(curve)))
    signs = np.random.default_rng(SEED).integers(2, size=(curves, len(curve))) * 2 - 1
    drawn = trend + signs * noise
    smoothed = smooth(np.exp(drawn) if positive else drawn, smoothing)
    readings = [read(rates[window], row[window]) for row in smoothed]
    return Spread(**{field.name: _quantiles(readings, field.name) for field in fields(Reading)})


def _quantiles(readings: list[Reading], name: str) -> tuple[float, float] | None:
    """Return both quantiles of a suggestion; None where fewer than half of the curves have it."""
    found = [value for reading in readings if (value := getattr(reading, name)) is not None]
    if 2 * len(found) < len(readings):
        return None
    low, high = np.quantile(found, (LOW, HIGH), method="nearest")
    return float(low), float(high)


def _trend(curve: Vector) -> tuple[Vector, Vector]:
    """Return the local polynomial at each point, and what is left there, as large as the noise: (n,) each."""
    half = WIDTH // 2
    powers = np.vander(np.arange(-half, half + 1.0), ORDER + 1)
    hat = powers @ np.linalg.pinv(powers)
    inner = np.lib.stride_tricks.sliding_window_view(curve, WIDTH) @ hat[half]
    trend = np.concatenate([hat[:half] @ curve[:WIDTH], inner, hat[half + 1 :] @ curve[-WIDTH:]])
    leverage = np.full(len(curve), hat[half, half])
    leverage[:half], leverage[-half:] = np.diag(hat)[:half], np.diag(hat)[half + 1 :]
    return trend, (curve - trend) / np.sqrt(1.0 - leverage)
