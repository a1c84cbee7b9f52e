"""How the cost grows over two decades each of trials, steps and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.engine.works import ROSENBROCK, C, Training
from benchmarks.measure import side_by_side

SMALL = replace(C, steps=10)
# Each from where the fixed cost of a batch and of a NumPy call no longer hides the growth.
GROWTHS: Mapping[str, list[tuple[int, Training]]] = {
    "trials of an MLP": [(n, replace(SMALL, trials=n)) for n in (32, 320, 3200)],
    "steps of an MLP": [(n, replace(SMALL, trials=16, steps=n)) for n in (100, 1000, 10_000)],
    "parameters of an MLP": [
        (75 * n + 10, replace(SMALL, trials=16, hidden=n, steps=20)) for n in (20, 200, 2000)
    ],
    "trials of a function": [(n, replace(ROSENBROCK, trials=n, steps=50)) for n in (500, 5000, 50_000)],
    "steps of a function": [(n, replace(ROSENBROCK, steps=n)) for n in (200, 2000, 20_000)],
    "parameters of a function": [
        (n, replace(ROSENBROCK, dimension=n, steps=50, trials=20)) for n in (300, 3000, 30_000)
    ],
}


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    for name, trainings in GROWTHS.items():
        yield _growth(name, trainings)


def _growth(name: str, trainings: list[tuple[int, Training]]) -> str:
    """Return the power of the size that time grows with in each decade: 1 is linear growth."""
    prepared = {str(n): (training, training.runs()) for n, training in trainings}
    rounds = side_by_side({size: partial(training.run, runs) for size, (training, runs) in prepared.items()})
    sizes = [n for n, _ in trainings]
    seconds = [rounds.median(str(n)) for n in sizes]
    each = ", ".join(f"{1e6 * s / n:.3g}" for n, s in zip(sizes, seconds, strict=True))
    powers = np.diff(np.log(seconds)) / np.diff(np.log(sizes))
    return (
        f"{name}, {', '.join(f'{n:,}' for n in sizes)}: {each} µs each;"
        f" time grows by the powers {powers[0]:.2f} and {powers[1]:.2f}"
    )
