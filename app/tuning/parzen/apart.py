"""The picks of a batch, which keep away from each other.

The constant liar in closed form: candidates are scored by the density of good over that of bad trials, each
pick in turn becomes one more bad kernel, and only its own density has to be added.
"""

from __future__ import annotations

import numpy as np

from app.tuning.coordinates import Floats
from app.tuning.parzen.estimator import Estimator, Group
from app.tuning.parzen.fit import PRIOR, blur, fit, narrowest

CANDIDATES = 24  # of each trial, drawn from the density of good ones


def picks(group: Group, good: Floats, bad: Floats, count: int, generator: np.random.Generator) -> Floats:
    """(count, parameters): the best candidate of each trial. good, bad: (n, parameters), best first."""
    lower, upper = fit(group, good), fit(group, bad)
    pool = group.snapped(lower.draw(count * CANDIDATES, generator))
    wanted = lower.density(pool)
    avoided = upper.density(pool) * (len(bad) + PRIOR)  # not yet divided by how many there are: they grow
    columns = [np.sort(bad[:, j]) for j in range(len(group.choices))]
    found = np.empty((count, len(group.choices)))
    for i in range(count):
        own = slice(i * CANDIDATES, (i + 1) * CANDIDATES)
        best = pool[own][int(np.argmax(wanted[own] / avoided[own]))]
        avoided[own.stop :] += _liar(group, best, columns).density(pool[own.stop :])
        columns = [
            np.insert(column, int(np.searchsorted(column, value)), value)
            for column, value in zip(columns, best, strict=True)
        ]
        found[i] = best
    return found


def _liar(group: Group, point: Floats, columns: list[Floats]) -> Estimator:
    """A single kernel at a pick, as wide as it would be among the bad ones. columns: their sorted values."""
    count = len(columns[0]) + 1
    widths = np.ones((1, len(point)))
    for j, choices in enumerate(group.choices):
        if not choices:
            place = int(np.searchsorted(columns[j], point[j]))
            beside = columns[j][max(0, place - 1) : place + 1]
            gap = float(np.abs(beside - point[j]).max()) if len(beside) else 1.0
            widths[0, j] = min(max(gap, narrowest(group, j, count)), 1.0)
    return Estimator(group.choices, point[None], widths, np.ones(1), 0.0, blur(group, count))
