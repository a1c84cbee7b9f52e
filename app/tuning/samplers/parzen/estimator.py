"""A Parzen estimator of a group of parameters: a mixture of products, evaluated as arrays.

Source: Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; joint over a group as in Falkner
et al. 2018. A kernel is a product over the parameters: for a number, a normal truncated to [0, 1]; for a
category, the kernel's choice, with a share spread over all choices. A further component, the prior, is
uniform, so that a density is positive everywhere.

The logarithm of a kernel is linear in a few features of a point. So the logarithms of all kernels at all
points are a product of two matrices, in double precision. The exponentials are taken in single precision,
relative to the greatest at each point, which leaves a density five digits or more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from optuna.distributions import CategoricalDistribution
from scipy.special import ndtr, ndtri

from app.tuning.space.distributions import Distribution
from app.tuning.space.unit_cube import Floats, Scale

BLOCK = 1 << 14  # numbers of an array, points by kernels, that is evaluated at once and stays in a near cache
MIDDLE = 0.5  # of a range; positions relative to the middle halve the cancellation
MIN_EXPONENT = np.float32(-87.0)  # exponentials of smaller numbers add nothing and slow a processor down


@dataclass(frozen=True)
class Group:
    """The parameters that occur together. choices: number of categories of each; 0 for a number."""

    distributions: tuple[Distribution, ...]
    choices: tuple[int, ...]
    cells: tuple[float, ...]  # widths; 0 for a category, and if every number is a value

    @classmethod
    def of(cls, distributions: Sequence[Distribution]) -> Group:
        """Build the group of parameters with these distributions."""
        sizes = [
            (len(distribution.choices), 0.0)
            if isinstance(distribution, CategoricalDistribution)
            else (0, Scale(distribution).cell)
            for distribution in distributions
        ]
        return cls(
            tuple(distributions), tuple(choices for choices, _ in sizes), tuple(cell for _, cell in sizes)
        )

    def snapped(self, points: Floats) -> Floats:
        """Return the points, (n, parameters), moved to the middles of their cells."""
        moved = points.copy()
        for j, distribution in enumerate(self.distributions):
            if not isinstance(distribution, CategoricalDistribution):
                moved[:, j] = Scale(distribution).snapped(points[:, j])
        return moved

    @cached_property
    def numbers(self) -> list[int]:
        """The indices of the parameters that are numbers."""
        return [j for j, choices in enumerate(self.choices) if not choices]

    def features(self, points: Floats) -> Floats:
        """Return the features of points, (n, parameters): (n, features).

        The features are 1, the position of each number relative to the middle of its range, the squares of
        these positions, and an indicator of every choice of each category.
        """
        places = points[:, self.numbers] - MIDDLE
        indicators = [
            points[:, j, None] == np.arange(choices) for j, choices in enumerate(self.choices) if choices
        ]
        return np.concatenate([np.ones((len(points), 1)), places, places * places, *indicators], axis=1)


@dataclass(frozen=True)
class Estimator:
    """A mixture of kernels and a uniform prior.

    kernels, widths: (kernels, parameters). weights: (kernels,); the sum of them and `prior` is 1.
    uniform_share: (parameters,), the share of a categorical kernel that is spread over all choices.
    """

    group: Group
    kernels: Floats
    widths: Floats
    weights: Floats
    prior: float
    uniform_share: Floats

    def draw(self, count: int, generator: np.random.Generator) -> Floats:
        """Draw points from the mixture: (count, parameters)."""
        places = np.searchsorted(np.cumsum(self.weights), generator.random(count), side="right")
        quantiles = generator.random((count, len(self.group.choices)))
        is_uniform = generator.random((count, len(self.group.choices))) < self.uniform_share
        from_kernel = places < len(self.kernels)
        kernels, widths = self.kernels[places[from_kernel]], self.widths[places[from_kernel]]
        points = quantiles.copy()
        for j, choices in enumerate(self.group.choices):
            if choices:
                points[:, j] = np.minimum(np.floor(quantiles[:, j] * choices), choices - 1.0)
                drawn = np.where(is_uniform[from_kernel, j], points[from_kernel, j], kernels[:, j])
            else:
                drawn = _truncated(kernels[:, j], widths[:, j], quantiles[from_kernel, j])
            points[from_kernel, j] = drawn
        return points

    def density(self, points: Floats) -> Floats:
        """Return the density at each point, (n, parameters): (n,)."""
        return self.density_at(self.group.features(points))

    def density_at(self, features: Floats) -> Floats:
        """Return the density at points with these features, (n, features): (n,)."""
        uniform = math.prod(1.0 / choices for choices in self.group.choices if choices)
        density = np.full(len(features), self.prior * uniform)
        if not len(self.kernels):
            return density
        logarithms = self.coefficients()
        logarithms[:, 0] += np.log(self.weights)
        rows = max(1, BLOCK // len(self.kernels))
        for start in range(0, len(features), rows):
            block = slice(start, start + rows)
            density[block] += summed(features[block], logarithms)
        return density

    def coefficients(self) -> Floats:
        """Return the coefficients of the features in the logarithm of each kernel: (kernels, features).

        The kernels have the weight 1 here.
        """
        middles, widths = (columns[:, self.group.numbers] for columns in (self.kernels, self.widths))
        inside = ndtr((1.0 - middles) / widths) - ndtr(-middles / widths)  # share of each normal in [0, 1]
        places, precision = middles - MIDDLE, 1.0 / (widths * widths)
        constant = np.log(inside * widths * math.sqrt(2.0 * math.pi)) + 0.5 * precision * places * places
        shares = [
            np.where(
                self.kernels[:, j, None] == np.arange(choices),
                math.log(1.0 - self.uniform_share[j] + self.uniform_share[j] / choices),
                math.log(self.uniform_share[j] / choices),
            )
            for j, choices in enumerate(self.group.choices)
            if choices
        ]
        return np.concatenate(
            [-constant.sum(axis=1, keepdims=True), precision * places, -0.5 * precision, *shares], axis=1
        )


def summed(features: Floats, coefficients: Floats) -> Floats:
    """Return the sum of kernels, (kernels, features), at points with these features, (n, features): (n,)."""
    relative = (features @ coefficients.T).astype(np.float32)
    greatest = relative.max(axis=1)
    relative -= greatest[:, None]
    np.maximum(relative, MIN_EXPONENT, out=relative)
    np.exp(relative, out=relative)
    total: Floats = np.exp(greatest.astype(np.float64)) * relative.sum(axis=1)
    return total


def _truncated(middles: Floats, widths: Floats, quantiles: Floats) -> Floats:
    """Draw from normals truncated to [0, 1], by the inverses of their distribution functions."""
    low, high = ndtr(-middles / widths), ndtr((1.0 - middles) / widths)
    drawn = middles + widths * ndtri(low + quantiles * (high - low))
    clipped: Floats = np.clip(drawn, 0.0, 1.0)
    return clipped
