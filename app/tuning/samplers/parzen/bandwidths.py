"""The widths of kernels: each kernel reaches to its neighbours, as in Bergstra et al. 2011."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.tuning.samplers.parzen.estimator import Estimator, Group
from app.tuning.space.unit_cube import Floats

PRIOR = 1.0  # weight of the uniform component, in trials
MIN_WIDTH = 0.01  # least width of a kernel, as a share of the range; for few trials 1 / (trials + 2)
MIN_NARROWED_WIDTH = 0.003  # the same for narrowed kernels
RANK_EXPONENT = 2.0  # n of the weight k^-n of the k-th best good trial


def fit(group: Group, points: Floats) -> Estimator:
    """Return the estimator of the density of points, (n, parameters), with equal weights."""
    return _fit(group, points, np.ones(len(points)))


def fit_ranked(group: Group, points: Floats) -> Estimator:
    """Return the estimator of the density of points, best first, with larger weights for better points.

    If all parameters are categories, the weights are equal: a few good trials say where to refine a number,
    but not yet which choice to drop.
    """
    n = len(points)
    if not n or all(group.choices):
        return fit(group, points)
    weights = np.arange(1.0, n + 1.0) ** -RANK_EXPONENT
    return _fit(group, points, weights * n / weights.sum())


def narrowed(estimator: Estimator, reach: float) -> Estimator:
    """Return the estimator with numeric kernels that are `reach` times as wide."""
    least = np.maximum(MIN_NARROWED_WIDTH, np.array(estimator.group.cells) / 2.0)
    return replace(estimator, widths=np.maximum(estimator.widths * reach, least))


def _fit(group: Group, points: Floats, weights: Floats) -> Estimator:
    """Return the estimator of points. weights: (n,), with the sum n."""
    n = len(points)
    widths, kernels = np.ones_like(points), points
    if all(group.choices) and n:
        kernels, counts = _distinct(points, group.choices)  # equal points become a kernel of larger weight
        widths, weights = np.ones_like(kernels), counts.astype(np.float64)
    for j, choices in enumerate(group.choices):
        if not choices and n:
            widths[:, j] = np.clip(_gaps(points[:, j]), min_width(group, j, n), 1.0)
    total = n + PRIOR
    return Estimator(group, kernels, widths, weights / total, PRIOR / total, uniform_shares(group, n))


def min_width(group: Group, j: int, count: int) -> float:
    """Return the least width of a kernel of parameter j among `count` kernels."""
    return max(MIN_WIDTH, 1.0 / (count + 2.0), group.cells[j] / 2.0)


def uniform_shares(group: Group, count: int) -> Floats:
    """Return the share of each categorical kernel that is spread over all choices: (parameters,).

    The uniform prior has this share among `count` kernels. Entries of numeric parameters have no meaning.
    """
    spread = PRIOR / (count + 1.0) * np.array(group.choices, dtype=np.float64)
    shares: Floats = spread / (1.0 + spread)
    return shares


def _distinct(points: Floats, choices: Sequence[int]) -> tuple[Floats, NDArray[np.intp]]:
    """Return the distinct points of categories, in lexical order, and their counts."""
    ranks = np.zeros(len(points), dtype=np.intp)
    # A rank for each distinct beginning: the product of all counts could overflow.
    for column, count in zip(points.T, choices, strict=True):
        ranks = np.unique(ranks * count + column.astype(np.intp), return_inverse=True)[1]
    _, first, counts = np.unique(ranks, return_index=True, return_counts=True)
    return points[first], counts


def _gaps(values: Floats) -> Floats:
    """Return the distance of each value to its farther neighbour: (n,); outer values have one neighbour."""
    order: NDArray[np.intp] = np.argsort(values, kind="stable")
    gaps = np.diff(np.concatenate([[0.0], values[order], [1.0]]))
    farther = np.maximum(gaps[:-1], gaps[1:])
    if len(values) > 1:
        farther[0], farther[-1] = gaps[1], gaps[-2]
    gaps_by_value = np.empty_like(values)
    gaps_by_value[order] = farther
    return gaps_by_value
