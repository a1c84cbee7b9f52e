"""A Parzen estimator of a group of parameters: a mixture of products, evaluated as arrays.

Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; joint over a group as in Falkner et al.
2018. A kernel is a normal truncated to [0, 1] for each number, and its own choice, with a share spread over
all, for each category. One more component, the prior, is uniform: a density is positive everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from optuna.distributions import CategoricalDistribution
from scipy.special import ndtr, ndtri

from app.tuning.coordinates import Floats, Scale
from app.tuning.distributions import Distribution

BLOCK = 1 << 15  # numbers of an array of points by kernels that is worked on at once: it stays in a cache


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


@dataclass(frozen=True)
class Estimator:
    """A mixture.

    kernels, widths: (kernels, parameters). weights: (kernels,); with `prior` they add up to 1.
    blur: (parameters,), of a categorical kernel the share that is spread over all choices.
    """

    choices: Sequence[int]
    kernels: Floats
    widths: Floats
    weights: Floats
    prior: float
    blur: Floats

    def draw(self, count: int, generator: np.random.Generator) -> Floats:
        """(count, parameters): as many points."""
        places = np.searchsorted(np.cumsum(self.weights), generator.random(count), side="right")
        quantiles = generator.random((count, len(self.choices)))
        is_blurred = generator.random((count, len(self.choices))) < self.blur
        from_kernel = places < len(self.kernels)
        own, widths = self.kernels[places[from_kernel]], self.widths[places[from_kernel]]
        found = quantiles.copy()
        for j, choices in enumerate(self.choices):
            if choices:
                found[:, j] = np.minimum(np.floor(quantiles[:, j] * choices), choices - 1.0)
                drawn = np.where(is_blurred[from_kernel, j], found[from_kernel, j], own[:, j])
            else:
                drawn = _truncated(own[:, j], widths[:, j], quantiles[from_kernel, j])
            found[from_kernel, j] = drawn
        return found

    def density(self, points: Floats) -> Floats:
        """(n,): at each point, (n, parameters)."""
        uniform = math.prod(1.0 / choices for choices in self.choices if choices)
        found = np.full(len(points), self.prior * uniform)
        if not len(self.kernels):
            return found
        logarithms = np.log(self.weights) + self._normalisation()
        rows = max(1, BLOCK // len(self.kernels))
        for start in range(0, len(points), rows):
            block = slice(start, start + rows)
            found[block] += self._kernels_at(points[block], logarithms).sum(axis=1)
        return found

    def _normalisation(self) -> Floats:
        """(kernels,): the logarithm of what makes the integral of each one 1."""
        found = np.zeros(len(self.kernels))
        for j, choices in enumerate(self.choices):
            if not choices:
                middles, widths = self.kernels[:, j], self.widths[:, j]
                mass = ndtr((1.0 - middles) / widths) - ndtr(-middles / widths)
                found -= np.log(mass * widths * math.sqrt(2.0 * math.pi))
        return found

    def _kernels_at(self, points: Floats, logarithms: Floats) -> Floats:
        """(n, kernels). logarithms: (kernels,), of what each is multiplied by."""
        found = np.zeros((len(points), len(self.kernels)))
        for j, choices in enumerate(self.choices):
            if not choices:
                away = points[:, j, None] - self.kernels[:, j]
                away /= self.widths[:, j]
                away *= away
                found += away
        found *= -0.5
        found += logarithms
        np.exp(found, out=found)
        for j, choices in enumerate(self.choices):
            if choices:
                rest = self.blur[j] / choices
                same = points[:, j, None] == self.kernels[:, j]
                found *= np.where(same, 1.0 - self.blur[j] + rest, rest)
        return found


def _truncated(middles: Floats, widths: Floats, quantiles: Floats) -> Floats:
    """Draws from normals truncated to [0, 1], by the inverse of their distribution functions."""
    low, high = ndtr(-middles / widths), ndtr((1.0 - middles) / widths)
    drawn = middles + widths * ndtri(low + quantiles * (high - low))
    found: Floats = np.clip(drawn, 0.0, 1.0)
    return found
