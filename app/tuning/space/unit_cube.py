"""Coordinates from 0 to 1 of the values of a parameter, and values of coordinates, a whole column at a time.

A range has a linear or a logarithmic scale. Each value of a range of integers, or of a range with a step, has
a cell of coordinates. The coordinate of a category is its index.
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
    """The scale of a numeric range; equal distributions have equal scales."""

    distribution: FloatDistribution | IntDistribution

    @property
    def edges(self) -> tuple[float, float]:
        """The ends of the scale, at the coordinates 0 and 1; logarithms for a logarithmic range."""
        distribution, half = self.distribution, (self.distribution.step or 0.0) / 2.0
        low, high = distribution.low - half, distribution.high + half
        return (math.log(low), math.log(high)) if distribution.log else (low, high)

    @property
    def cell(self) -> float:
        """The width of the narrowest cell; 0 if every number of the range is a value."""
        distribution = self.distribution
        if distribution.step is None:
            return 0.0
        low, high = self.edges
        if not distribution.log:
            return float(distribution.step) / (high - low)
        return (high - math.log(distribution.high - distribution.step / 2.0)) / (high - low)

    def positions(self, values: Floats) -> Floats:
        """Return the coordinates of values; nan stays nan."""
        low, high = self.edges
        scaled = np.log(values) if self.distribution.log else values
        clipped: Floats = np.clip((scaled - low) / (high - low), 0.0, 1.0)
        return clipped

    def values(self, positions: Floats) -> Floats:
        """Return the values at coordinates; for a range with cells, the values of the cells."""
        distribution = self.distribution
        low, high = self.edges
        scaled = low + positions * (high - low)
        values = np.exp(scaled) if distribution.log else scaled
        if distribution.step is not None:
            steps = np.rint((values - distribution.low) / distribution.step)
            values = distribution.low + steps * distribution.step
        clipped: Floats = np.clip(values, distribution.low, distribution.high)
        return clipped

    def snapped(self, positions: Floats) -> Floats:
        """Return the middles of the cells of the coordinates; without cells, the coordinates themselves."""
        return positions if self.distribution.step is None else self.positions(self.values(positions))


def coordinates(distribution: Distribution, values: Sequence[Scalar | None]) -> Floats:
    """Return the coordinates of a column of values; nan for None and for values outside the distribution."""
    if isinstance(distribution, CategoricalDistribution):
        # 1 and True are different choices.
        index = {
            (choice.__class__ is bool, choice): float(i) for i, choice in enumerate(distribution.choices)
        }
        return np.array([index.get((value.__class__ is bool, value), math.nan) for value in values])
    column = np.array(values, dtype=np.float64)
    inside = (column >= distribution.low) & (column <= distribution.high)
    return Scale(distribution).positions(np.where(inside, column, math.nan))


def external(distribution: Distribution, positions: Floats) -> list[Scalar]:
    """Return the values at coordinates as objects of plain Python."""
    if isinstance(distribution, CategoricalDistribution):
        # Optuna's type of choices is wider; the choices of a spec are scalars.
        choices: list[Scalar] = [distribution.choices[int(i)] for i in positions]  # type: ignore[misc]
        return choices
    values = Scale(distribution).values(positions)
    if isinstance(distribution, IntDistribution):
        return [round(value) for value in values.tolist()]
    plain: list[Scalar] = values.tolist()
    return plain


def uniform(distribution: Distribution, generator: np.random.Generator) -> Scalar:
    """Draw a single value, uniformly over the coordinates or the categories."""
    return external(distribution, at_quantile(distribution, generator.random(1)))[0]


def at_quantile(distribution: Distribution, quantiles: Floats) -> Floats:
    """Return the coordinates of quantiles from 0 to 1; all categories have quantiles of the same share."""
    if isinstance(distribution, CategoricalDistribution):
        count = len(distribution.choices)
        categories: Floats = np.minimum(np.floor(quantiles * count), count - 1.0)
        return categories
    return Scale(distribution).snapped(quantiles)
