"""How wide kernels are: each reaches to its neighbours, as in Bergstra et al. 2011."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.tuning.coordinates import Floats
from app.tuning.parzen.estimator import Estimator, Group

PRIOR = 1.0  # the uniform component weighs as much as one trial
NARROWEST = 0.01  # of a range; with fewer than 100 trials 1 / (trials + 2)


def fit(group: Group, points: Floats) -> Estimator:
    """The estimator of the density of points, (n, parameters), each of equal weight."""
    n = len(points)
    widths, weights, kernels = np.ones_like(points), np.ones(n), points
    if all(group.choices) and n:
        kernels, inverse = np.unique(points, axis=0, return_inverse=True)  # equal ones are one, and heavier
        weights = np.bincount(inverse.ravel()).astype(np.float64)
        widths = np.ones_like(kernels)
    for j, choices in enumerate(group.choices):
        if not choices and n:
            widths[:, j] = np.clip(_gaps(points[:, j]), narrowest(group, j, n), 1.0)
    total = n + PRIOR
    return Estimator(group.choices, kernels, widths, weights / total, PRIOR / total, blur(group, n))


def narrowest(group: Group, j: int, count: int) -> float:
    """The least width of a kernel of parameter j among so many."""
    return max(NARROWEST, 1.0 / (count + 2.0), group.cells[j] / 2.0)


def blur(group: Group, count: int) -> Floats:
    """(parameters,): the prior's share in every categorical kernel among so many."""
    spread = PRIOR / (count + 1.0) * np.array(group.choices, dtype=np.float64)
    found: Floats = spread / (1.0 + spread)
    return found


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
