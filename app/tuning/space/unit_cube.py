"""Values of a parameter as coordinates from 0 to 1, and back, whole columns at a time.

A range lies on its own scale, logarithmic or not. Integers and steps have cells there, and a value lies
inside its own. A category is its index.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from app.spec.values import Scalar
from app.tuning.space.distributions import Distribution

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """The scale of a numeric range, which two equal distributions share."""

    distribution: FloatDistribution | IntDistribution

    @property
    def edges(self) -> tuple[float, float]:
        """Where 0 and 1 are, before any logarithm is undone."""
        found, half = self.distribution, (self.distribution.step or 0.0) / 2.0
        low, high = found.low - half, found.high + half
        return (math.log(low), math.log(high)) if found.log else (low, high)

    @property
    def cell(self) -> float:
        """The width of the narrowest cell; 0 where every number is a value."""
        found = self.distribution
        if found.step is None:
            return 0.0
        low, high = self.edges
        if not found.log:
            return float(found.step) / (high - low)
        return (high - math.log(found.high - found.step / 2.0)) / (high - low)

    def positions(self, values: Floats) -> Floats:
        """Coordinates of values; nan stays nan."""
        low, high = self.edges
        scaled = np.log(values) if self.distribution.log else values
        found: Floats = np.clip((scaled - low) / (high - low), 0.0, 1.0)
        return found

    def values(self, positions: Floats) -> Floats:
        """The values at coordinates, or those whose cells hold them."""
        found = self.distribution
        low, high = self.edges
        scaled = low + positions * (high - low)
        values = np.exp(scaled) if found.log else scaled
        if found.step is not None:
            values = found.low + np.rint((values - found.low) / found.step) * found.step
        clipped: Floats = np.clip(values, found.low, found.high)
        return clipped

    def snapped(self, positions: Floats) -> Floats:
        """The middles of the cells that hold the coordinates."""
        return positions if self.distribution.step is None else self.positions(self.values(positions))


def coordinates(distribution: Distribution, values: Sequence[Scalar | None]) -> Floats:
    """Coordinates of a column of values; nan where there is none, or none that the distribution has."""
    if isinstance(distribution, CategoricalDistribution):
        # 1 and True are two choices.
        index = {
            (choice.__class__ is bool, choice): float(i) for i, choice in enumerate(distribution.choices)
        }
        return np.array([index.get((value.__class__ is bool, value), math.nan) for value in values])
    column = np.array(values, dtype=np.float64)
    inside = (column >= distribution.low) & (column <= distribution.high)
    return Scale(distribution).positions(np.where(inside, column, math.nan))


def external(distribution: Distribution, positions: Floats) -> list[Scalar]:
    """The values at coordinates, as plain Python has them."""
    if isinstance(distribution, CategoricalDistribution):
        # Optuna types choices more widely; ours are scalars.
        choices: list[Scalar] = [distribution.choices[int(i)] for i in positions]  # type: ignore[misc]
        return choices
    values = Scale(distribution).values(positions)
    if isinstance(distribution, IntDistribution):
        return [round(value) for value in values.tolist()]
    found: list[Scalar] = values.tolist()
    return found


def uniform(distribution: Distribution, generator: np.random.Generator) -> Scalar:
    """One independent draw."""
    return external(distribution, at_quantile(distribution, generator.random(1)))[0]


def at_quantile(distribution: Distribution, quantiles: Floats) -> Floats:
    """Coordinates of independent uniform draws from 0 to 1: all categories are equally likely."""
    if isinstance(distribution, CategoricalDistribution):
        count = len(distribution.choices)
        found: Floats = np.minimum(np.floor(quantiles * count), count - 1.0)
        return found
    return Scale(distribution).snapped(quantiles)
