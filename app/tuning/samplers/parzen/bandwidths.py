"""How wide kernels are: each reaches to its neighbours, as in Bergstra et al. 2011."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.tuning.samplers.parzen.estimator import Estimator, Group
from app.tuning.space.unit_cube import Floats

PRIOR = 1.0  # the uniform component weighs as much as one trial
NARROWEST = 0.01  # of a range; with fewer than 100 trials 1 / (trials + 2)
FINEST = 0.003  # of a range, where widths are reduced
FAVOUR = 2.0  # the k-th best of the good trials weighs k to the power of minus this


def fit(group: Group, points: Floats) -> Estimator:
    """The estimator of the density of points, (n, parameters), each of equal weight."""
    return _fit(group, points, np.ones(len(points)))


def fit_ranked(group: Group, points: Floats) -> Estimator:
    """The same of points, best first, of which a better one weighs more.

    Where all parameters are categories, each weighs the same: a few good trials say where to refine a number,
    but not yet which choice to drop.
    """
    n = len(points)
    if not n or all(group.choices):
        return fit(group, points)
    weights = np.arange(1.0, n + 1.0) ** -FAVOUR
    return _fit(group, points, weights * n / weights.sum())


def narrowed(estimator: Estimator, reach: float) -> Estimator:
    """The same with kernels of numbers that are `reach` times as wide."""
    least = np.maximum(FINEST, np.array(estimator.group.cells) / 2.0)
    return replace(estimator, widths=np.maximum(estimator.widths * reach, least))


def _fit(group: Group, points: Floats, weights: Floats) -> Estimator:
    """weights: (n,), with n as their sum."""
    n = len(points)
    widths, kernels = np.ones_like(points), points
    if all(group.choices) and n:
        kernels, counts = _distinct(points, group.choices)  # equal ones are one kernel, and a heavier one
        widths, weights = np.ones_like(kernels), counts.astype(np.float64)
    for j, choices in enumerate(group.choices):
        if not choices and n:
            widths[:, j] = np.clip(_gaps(points[:, j]), narrowest(group, j, n), 1.0)
    total = n + PRIOR
    return Estimator(group, kernels, widths, weights / total, PRIOR / total, blur(group, n))


def narrowest(group: Group, j: int, count: int) -> float:
    """The least width of a kernel of parameter j among so many."""
    return max(NARROWEST, 1.0 / (count + 2.0), group.cells[j] / 2.0)


def blur(group: Group, count: int) -> Floats:
    """(parameters,): the prior's share in every categorical kernel among so many."""
    spread = PRIOR / (count + 1.0) * np.array(group.choices, dtype=np.float64)
    found: Floats = spread / (1.0 + spread)
    return found


def _distinct(points: Floats, choices: Sequence[int]) -> tuple[Floats, NDArray[np.intp]]:
    """Each point of categories once, in lexical order, and how often it occurs."""
    ranks = np.zeros(len(points), dtype=np.intp)
    for column, count in zip(
        points.T, choices, strict=True
    ):  # a rank for each beginning: no product of counts
        ranks = np.unique(ranks * count + column.astype(np.intp), return_inverse=True)[1]
    _, first, counts = np.unique(ranks, return_index=True, return_counts=True)
    return points[first], counts


def _gaps(values: Floats) -> Floats:
    """(n,): from each value to the farther of its two neighbours; the outer ones have one."""
    order: NDArray[np.intp] = np.argsort(values, kind="stable")
    gaps = np.diff(np.concatenate([[0.0], values[order], [1.0]]))
    farther = np.maximum(gaps[:-1], gaps[1:])
    if len(values) > 1:
        farther[0], farther[-1] = gaps[1], gaps[-2]
    found = np.empty_like(values)
    found[order] = farther
    return found
