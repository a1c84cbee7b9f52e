"""A Parzen estimator of a group of parameters: a mixture of products, evaluated as arrays.

Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; joint over a group as in Falkner et al.
2018. A kernel is a normal truncated to [0, 1] for each number, and its own choice, with a share spread over
all, for each category. One more component, the prior, is uniform: a density is positive everywhere.

The logarithm of a kernel is linear in a few features of a point, so those of all kernels at all points are
one product of two matrices, in double precision. They are exponentiated in single precision, relative to the
greatest at each point, which leaves a density five digits or more.
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

BLOCK = 1 << 14  # numbers of an array, points by kernels, that is worked on at once: it stays in a near cache
MIDDLE = 0.5  # of a range; places are taken from there, which halves what cancels
LEAST = np.float32(-87.0)  # of an exponent; what is smaller adds nothing, and slows a processor down


@dataclass(frozen=True)
class Group:
    """The parameters that occur together. choices: of each, how many categories; 0 for a number."""

    distributions: tuple[Distribution, ...]
    choices: tuple[int, ...]
    cells: tuple[float, ...]  # widths; 0 for a category, and where every number is a value

    @classmethod
    def of(cls, distributions: Sequence[Distribution]) -> Group:
        """The group of these parameters."""
        sizes = [
            (len(found.choices), 0.0)
            if isinstance(found, CategoricalDistribution)
            else (0, Scale(found).cell)
            for found in distributions
        ]
        return cls(
            tuple(distributions), tuple(choices for choices, _ in sizes), tuple(cell for _, cell in sizes)
        )

    def snapped(self, points: Floats) -> Floats:
        """The points, (n, parameters), moved to the middles of their cells."""
        found = points.copy()
        for j, distribution in enumerate(self.distributions):
            if not isinstance(distribution, CategoricalDistribution):
                found[:, j] = Scale(distribution).snapped(points[:, j])
        return found

    @cached_property
    def numbers(self) -> list[int]:
        """The places of the parameters that are numbers."""
        return [j for j, choices in enumerate(self.choices) if not choices]

    def features(self, points: Floats) -> Floats:
        """(n, features) of points, (n, parameters): 1, of each number its place from the middle of the range,
        the square of each of these, and of each category an indicator for every choice.
        """
        places = points[:, self.numbers] - MIDDLE
        indicators = [
            points[:, j, None] == np.arange(choices) for j, choices in enumerate(self.choices) if choices
        ]
        return np.concatenate([np.ones((len(points), 1)), places, places * places, *indicators], axis=1)


@dataclass(frozen=True)
class Estimator:
    """A mixture.

    kernels, widths: (kernels, parameters). weights: (kernels,); with `prior` they add up to 1.
    blur: (parameters,), of a categorical kernel the share that is spread over all choices.
    """

    group: Group
    kernels: Floats
    widths: Floats
    weights: Floats
    prior: float
    blur: Floats

    def draw(self, count: int, generator: np.random.Generator) -> Floats:
        """(count, parameters): as many points."""
        places = np.searchsorted(np.cumsum(self.weights), generator.random(count), side="right")
        quantiles = generator.random((count, len(self.group.choices)))
        is_blurred = generator.random((count, len(self.group.choices))) < self.blur
        from_kernel = places < len(self.kernels)
        own, widths = self.kernels[places[from_kernel]], self.widths[places[from_kernel]]
        found = quantiles.copy()
        for j, choices in enumerate(self.group.choices):
            if choices:
                found[:, j] = np.minimum(np.floor(quantiles[:, j] * choices), choices - 1.0)
                drawn = np.where(is_blurred[from_kernel, j], found[from_kernel, j], own[:, j])
            else:
                drawn = _truncated(own[:, j], widths[:, j], quantiles[from_kernel, j])
            found[from_kernel, j] = drawn
        return found

    def density(self, points: Floats) -> Floats:
        """(n,): at each point, (n, parameters)."""
        return self.density_at(self.group.features(points))

    def density_at(self, features: Floats) -> Floats:
        """(n,): at each point of these features, (n, features)."""
        uniform = math.prod(1.0 / choices for choices in self.group.choices if choices)
        found = np.full(len(features), self.prior * uniform)
        if not len(self.kernels):
            return found
        logarithms = self.coefficients()
        logarithms[:, 0] += np.log(self.weights)
        rows = max(1, BLOCK // len(self.kernels))
        for start in range(0, len(features), rows):
            block = slice(start, start + rows)
            found[block] += summed(features[block], logarithms)
        return found

    def coefficients(self) -> Floats:
        """(kernels, features): what the features of a point, multiplied by them and added up, give the
        logarithm of each kernel with, all of weight 1.
        """
        own, widths = (found[:, self.group.numbers] for found in (self.kernels, self.widths))
        inside = ndtr((1.0 - own) / widths) - ndtr(-own / widths)  # of each normal, the share in [0, 1]
        places, precision = own - MIDDLE, 1.0 / (widths * widths)
        constant = np.log(inside * widths * math.sqrt(2.0 * math.pi)) + 0.5 * precision * places * places
        shares = [
            np.where(
                self.kernels[:, j, None] == np.arange(choices),
                math.log(1.0 - self.blur[j] + self.blur[j] / choices),
                math.log(self.blur[j] / choices),
            )
            for j, choices in enumerate(self.group.choices)
            if choices
        ]
        return np.concatenate(
            [-constant.sum(axis=1, keepdims=True), precision * places, -0.5 * precision, *shares], axis=1
        )


def summed(features: Floats, coefficients: Floats) -> Floats:
    """(n,): at points of these features, (n, features), the sum of kernels, (kernels, features)."""
    relative = (features @ coefficients.T).astype(np.float32)
    greatest = relative.max(axis=1)
    relative -= greatest[:, None]
    np.maximum(relative, LEAST, out=relative)
    np.exp(relative, out=relative)
    found: Floats = np.exp(greatest.astype(np.float64)) * relative.sum(axis=1)
    return found


def _truncated(middles: Floats, widths: Floats, quantiles: Floats) -> Floats:
    """Draws from normals truncated to [0, 1], by the inverse of their distribution functions."""
    low, high = ndtr(-middles / widths), ndtr((1.0 - middles) / widths)
    drawn = middles + widths * ndtri(low + quantiles * (high - low))
    found: Floats = np.clip(drawn, 0.0, 1.0)
    return found
