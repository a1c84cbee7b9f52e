"""The evolution of CMA-ES: a normal distribution whose mean and shape follow the best of each generation.

Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, with its constants and with
active (negative) weights, for generations of any size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from app.tuning.space.unit_cube import Floats

RESAMPLINGS = 100  # draws for a point outside the unit cube before the nearest point inside replaces it
MAX_STEP = 1.0  # largest overall standard deviation: the side of the unit cube


@dataclass(frozen=True)
class Evolution:
    """The state of CMA-ES: a normal distribution in the unit cube.

    mean: (n,). step: the overall standard deviation. covariance: (n, n), the shape of the distribution.
    step_path, path: (n,), the evolution paths of step and covariance: decaying sums of the mean's steps.
    generations: number of generations told.
    """

    mean: Floats
    step: float
    covariance: Floats
    step_path: Floats
    path: Floats
    generations: int = 0

    @classmethod
    def initial(cls, mean: Floats, step: float) -> Evolution:
        """Return the state before the first generation, with a mean and a step."""
        n = len(mean)
        return cls(mean, step, np.eye(n), np.zeros(n), np.zeros(n))

    def ask(self, count: int, generator: np.random.Generator) -> Floats:
        """Draw a generation of points inside the unit cube: (count, n)."""
        scales, axes = self._axes()
        shape = self.step * (axes * scales)
        points = self.mean + generator.standard_normal((count, len(self.mean))) @ shape.T
        for _ in range(RESAMPLINGS):
            outside = np.flatnonzero(((points < 0.0) | (points > 1.0)).any(axis=1))
            if not len(outside):
                break
            points[outside] = self.mean + generator.standard_normal((len(outside), len(self.mean))) @ shape.T
        clipped: Floats = np.clip(points, 0.0, 1.0)
        return clipped

    def tell(self, points: Floats) -> Evolution:
        """Return the state after a generation of four points or more, best first: (count, n)."""
        count, n = points.shape
        rates = _Rates.of(count, n)
        scales, axes = self._axes()
        steps = (points - self.mean) / self.step
        mean_step = np.maximum(rates.weights, 0.0) @ steps
        whitened = axes @ ((axes.T @ mean_step) / scales)
        step_path = (1.0 - rates.step) * self.step_path + rates.step_gain * whitened
        length = float(np.linalg.norm(step_path))
        expected = math.sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n))
        grown = min(1.0, rates.step / rates.damping * (length / expected - 1.0))
        warm = math.sqrt(1.0 - (1.0 - rates.step) ** (2 * (self.generations + 1)))
        goes_on = 1.0 if length / warm < (1.4 + 2.0 / (n + 1.0)) * expected else 0.0
        path = (1.0 - rates.path) * self.path + goes_on * rates.path_gain * mean_step
        return replace(
            self,
            mean=np.clip(self.mean + self.step * mean_step, 0.0, 1.0),
            step=min(self.step * math.exp(grown), MAX_STEP),
            covariance=self._shaped(rates, steps, path, goes_on),
            step_path=step_path,
            path=path,
            generations=self.generations + 1,
        )

    def _axes(self) -> tuple[Floats, Floats]:
        """Return the standard deviations along the principal axes, (n,), and the axes in columns, (n, n)."""
        values, axes = np.linalg.eigh(self.covariance)
        return np.sqrt(np.maximum(values, 1e-16)), axes

    def _shaped(self, rates: _Rates, steps: Floats, path: Floats, goes_on: float) -> Floats:
        """Return the covariance after a generation, from the path of the mean and the steps of the points."""
        n = len(self.mean)
        scales, axes = self._axes()
        lengths = (((steps @ axes) / scales) ** 2).sum(axis=1)
        weights = np.where(rates.weights >= 0.0, rates.weights, rates.weights * n / (lengths + 1e-8))
        lost = (1.0 - goes_on) * rates.path * (2.0 - rates.path)
        kept = 1.0 + rates.c1 * lost - rates.c1 - rates.c_mu * float(rates.weights.sum())
        shaped = kept * self.covariance + rates.c1 * np.outer(path, path)
        shaped += rates.c_mu * (steps.T * weights) @ steps
        symmetric: Floats = (shaped + shaped.T) / 2.0
        return symmetric


@dataclass(frozen=True)
class _Rates:
    """The constants of a generation.

    weights: (count,), of the points, best first. c1, c_mu: learning rates of the covariance from the path
    and from the points. step, path: learning rates of the two paths. step_gain, path_gain: their factors of a
    step of the mean. damping: of the overall standard deviation.
    """

    weights: Floats
    c1: float
    c_mu: float
    step: float
    damping: float
    path: float
    step_gain: float
    path_gain: float

    @classmethod
    def of(cls, count: int, n: int) -> _Rates:
        raw = math.log((count + 1) / 2.0) - np.log(np.arange(1, count + 1))
        better, worse = raw[raw >= 0.0], raw[raw < 0.0]
        mass = float(better.sum() ** 2 / (better**2).sum())
        mass_worse = float(worse.sum() ** 2 / (worse**2).sum())
        c1 = 2.0 / ((n + 1.3) ** 2 + mass)
        c_mu = min(1.0 - c1 - 1e-8, 2.0 * (mass - 2.0 + 1.0 / mass) / ((n + 2.0) ** 2 + mass))
        limit = min(
            1.0 + c1 / c_mu,
            1.0 + 2.0 * mass_worse / (mass + 2.0),
            (1.0 - c1 - c_mu) / (n * c_mu),
        )
        step = (mass + 2.0) / (n + mass + 5.0)
        path = (4.0 + mass / n) / (n + 4.0 + 2.0 * mass / n)
        return cls(
            weights=np.where(raw >= 0.0, raw / better.sum(), raw * limit / -worse.sum()),
            c1=c1,
            c_mu=c_mu,
            step=step,
            damping=1.0 + 2.0 * max(0.0, math.sqrt((mass - 1.0) / (n + 1.0)) - 1.0) + step,
            path=path,
            step_gain=math.sqrt(step * (2.0 - step) * mass),
            path_gain=math.sqrt(path * (2.0 - path) * mass),
        )
