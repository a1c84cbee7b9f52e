"""Wild bootstrap: the spread of the suggestions of a range test over the noise of its losses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from app.tuning.lr_finder.fastai_rules import Reading, read, smooth

MAX_CURVES, MIN_CURVES = 100, 20  # loss curves that are drawn, for a short test and for a very long test
MAX_LOSSES = 200_000  # losses of all drawn curves together, which take half a second
LOW, HIGH = 0.1, 0.9  # quantiles of the suggestions of the drawn curves
WIDTH, ORDER = 9, 2  # updates and order of the local polynomial that estimates the trend
SEED = 0  # a fixed seed gives equal losses an equal spread

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The 10 % and the 90 % quantile of each suggestion; None if the curve does not tell."""

    valley: tuple[float, float] | None = None
    slide: tuple[float, float] | None = None
    steepest: tuple[float, float] | None = None
    minimum_over_10: tuple[float, float] | None = None


def spread(rates: Vector, losses: Vector, smoothing: float, window: slice) -> Spread:
    """Return the spread of the suggestions over curves with the same trend and other noise.

    The trend is a local quadratic. The noise of each update is the residual with a random sign (Wu 1986,
    Annals of Statistics 14, 1261-1295), so noise that grows with the rate stays so. If all losses are
    positive, trend and noise are those of their logarithms.
    rates, losses: (n,), of the updates that count. window: the updates from which suggestions are read.
    """
    if len(losses) < WIDTH:
        return Spread()
    positive = bool((losses > 0.0).all())
    curve = np.log(losses) if positive else losses
    trend, noise = _trend(curve)
    curves = min(MAX_CURVES, max(MIN_CURVES, MAX_LOSSES // len(curve)))
    signs = np.random.default_rng(SEED).integers(2, size=(curves, len(curve))) * 2 - 1
    drawn = trend + signs * noise
    smoothed = smooth(np.exp(drawn) if positive else drawn, smoothing)
    readings = [read(rates[window], row[window]) for row in smoothed]
    return Spread(**{field.name: _quantiles(readings, field.name) for field in fields(Reading)})


def _quantiles(readings: list[Reading], name: str) -> tuple[float, float] | None:
    """Return both quantiles of a suggestion; None if fewer than half of the curves have the suggestion."""
    rates = [value for reading in readings if (value := getattr(reading, name)) is not None]
    if 2 * len(rates) < len(readings):
        return None
    low, high = np.quantile(rates, (LOW, HIGH), method="nearest")
    return float(low), float(high)


def _trend(curve: Vector) -> tuple[Vector, Vector]:
    """Return the local polynomial at each point, and the residuals, scaled to the noise: (n,) each."""
    half = WIDTH // 2
    powers = np.vander(np.arange(-half, half + 1.0), ORDER + 1)
    hat = powers @ np.linalg.pinv(powers)
    inner = np.lib.stride_tricks.sliding_window_view(curve, WIDTH) @ hat[half]
    trend = np.concatenate([hat[:half] @ curve[:WIDTH], inner, hat[half + 1 :] @ curve[-WIDTH:]])
    leverage = np.full(len(curve), hat[half, half])
    leverage[:half], leverage[-half:] = np.diag(hat)[:half], np.diag(hat)[half + 1 :]
    return trend, (curve - trend) / np.sqrt(1.0 - leverage)
