"""The picks of a batch, which keep away from each other.

The constant liar in closed form: candidates are scored by the density of good over that of bad trials, each
pick in turn becomes one more bad kernel, and only its own density has to be added.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from app.tuning.samplers.parzen.bandwidths import PRIOR, blur, fit, fit_ranked, narrowed, narrowest
from app.tuning.samplers.parzen.estimator import Estimator, Group, summed
from app.tuning.space.unit_cube import Floats

CANDIDATES = 24  # of each trial, drawn from the density of good ones
# How wide the kernels of that density are, of one pick after another: a round that is asked at once both
# looks around and refines, as one trial after another would.
REACHES = (1.0, 0.7, 0.5, 0.35)


def picks(group: Group, good: Floats, bad: Floats, count: int, generator: np.random.Generator) -> Floats:
    """(count, parameters): the best candidate of each trial. good, bad: (n, parameters), best first."""
    upper = fit(group, bad)
    pool, features, wanted = _candidates(group, good, count, generator)
    # Not yet divided by how many there are: they grow.
    avoided = upper.density_at(features) * (len(bad) + PRIOR)
    columns = [np.sort(column).tolist() for column in bad.T]
    found = np.empty((count, len(group.choices)))
    liars = np.empty((count, features.shape[1]))
    for i in range(count):
        own = slice(i * CANDIDATES, (i + 1) * CANDIDATES)
        if i:
            avoided[own] += summed(features[own], liars[:i])
        found[i] = pool[own][int(np.argmax(wanted[own] / avoided[own]))]
        liars[i] = _liar(group, found[i], columns).coefficients()[0]
        for column, value in zip(columns, found[i].tolist(), strict=True):
            insort(column, value)
    return found


def _candidates(
    group: Group, good: Floats, count: int, generator: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """The candidates of each pick after those of the one before, their features, and their good density."""
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
    # Back into the order of the picks: those of one reach lie together so far.
    place = np.empty(len(rows), dtype=np.intp)
    place[np.argsort(rows, kind="stable")] = np.arange(len(rows))
    points, features, wanted = (np.concatenate(found)[place] for found in zip(*parts, strict=True))
    return points, features, wanted


def _liar(group: Group, point: Floats, columns: list[list[float]]) -> Estimator:
    """A single kernel at a pick, as wide as it would be among the bad ones. columns: their sorted values."""
    count = len(columns[0]) + 1
    widths = np.ones((1, len(point)))
    for j, (choices, value) in enumerate(zip(group.choices, point.tolist(), strict=True)):
        if not choices:
            place = bisect_left(columns[j], value)
            beside = columns[j][max(0, place - 1) : place + 1]
            gap = max((abs(other - value) for other in beside), default=1.0)
            widths[0, j] = min(max(gap, narrowest(group, j, count)), 1.0)
    return Estimator(group, point[None], widths, np.ones(1), 0.0, blur(group, count))
