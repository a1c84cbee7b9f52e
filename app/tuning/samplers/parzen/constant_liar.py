"""The picks of a batch, which keep away from each other: the constant liar in closed form.

The score of a candidate is the density of good trials over the density of bad trials. Each pick becomes a
further bad kernel, so that only the density of this kernel is added.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from app.tuning.samplers.parzen.bandwidths import PRIOR, fit, fit_ranked, min_width, narrowed, uniform_shares
from app.tuning.samplers.parzen.estimator import Estimator, Group, summed
from app.tuning.space.unit_cube import Floats

CANDIDATES = 24  # candidates of each pick, drawn from the density of good trials
# Factors of the kernel widths of that density, for one pick after another. So a round that is asked at once
# both explores and refines, as trials that are asked singly do.
REACHES = (1.0, 0.7, 0.5, 0.35)


def picks(group: Group, good: Floats, bad: Floats, count: int, generator: np.random.Generator) -> Floats:
    """Return the best candidate of each pick: (count, parameters). good, bad: (n, parameters), best first."""
    upper = fit(group, bad)
    pool, features, good_density = _candidates(group, good, count, generator)
    # Not divided by the number of bad kernels, which grows.
    bad_density = upper.density_at(features) * (len(bad) + PRIOR)
    columns = [np.sort(column).tolist() for column in bad.T]
    picked = np.empty((count, len(group.choices)))
    liars = np.empty((count, features.shape[1]))
    for i in range(count):
        rows = slice(i * CANDIDATES, (i + 1) * CANDIDATES)
        if i:
            bad_density[rows] += summed(features[rows], liars[:i])
        picked[i] = pool[rows][int(np.argmax(good_density[rows] / bad_density[rows]))]
        liars[i] = _liar(group, picked[i], columns).coefficients()[0]
        for column, value in zip(columns, picked[i].tolist(), strict=True):
            insort(column, value)
    return picked


def _candidates(
    group: Group, good: Floats, count: int, generator: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return the candidates in the order of the picks, their features, and their density of good trials."""
    lower = fit_ranked(group, good)
    reaches = REACHES if group.numbers else (1.0,)
    turns = (np.arange(count) + generator.integers(len(reaches))) % len(reaches)
    rows = np.repeat(turns, CANDIDATES)
    parts = []
    for k in sorted(set(turns.tolist())):
        density = narrowed(lower, reaches[k])
        points = group.snapped(density.draw(int(np.count_nonzero(rows == k)), generator))
        features = group.features(points)
        parts.append((points, features, density.density_at(features)))
    # Back into the order of the picks: so far the candidates are grouped by reach.
    place = np.empty(len(rows), dtype=np.intp)
    place[np.argsort(rows, kind="stable")] = np.arange(len(rows))
    points, features, densities = (np.concatenate(column)[place] for column in zip(*parts, strict=True))
    return points, features, densities


def _liar(group: Group, point: Floats, columns: list[list[float]]) -> Estimator:
    """Return a kernel at a pick, as wide as among the bad kernels.

    columns: the sorted values of the bad kernels, by parameter.
    """
    count = len(columns[0]) + 1
    widths = np.ones((1, len(point)))
    for j, (choices, value) in enumerate(zip(group.choices, point.tolist(), strict=True)):
        if not choices:
            place = bisect_left(columns[j], value)
            beside = columns[j][max(0, place - 1) : place + 1]
            gap = max((abs(other - value) for other in beside), default=1.0)
            widths[0, j] = min(max(gap, min_width(group, j, count)), 1.0)
    return Estimator(group, point[None], widths, np.ones(1), 0.0, uniform_shares(group, count))
