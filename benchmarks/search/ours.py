"""The samplers of a job, on many searches in step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.spec.records import FinishedTrial
from app.tuning.samplers import SAMPLERS, Ask
from benchmarks.ended import ended
from benchmarks.search.problems import by_name


def search(name: str, kind: str, seeds: int, trials: int, batch: int) -> list[list[float]]:
    """The values of each search's trials, (seeds, trials), nan where one diverged, in rounds of `batch`."""
    problem, sampler = by_name(name), SAMPLERS[kind]()
    space: Any = problem  # Any: it walks and has distributions, which is all that a sampler asks of a space
    past: list[list[FinishedTrial]] = [[] for _ in range(seeds)]
    found = np.full((seeds, trials), math.nan)
    for r, start in enumerate(range(0, trials, batch)):
        numbers = range(start, min(start + batch, trials))
        points: list[Any] = [
            point
            for seed in range(seeds)
            for point in sampler.ask(Ask(space=space, seed=seed, round=r, numbers=numbers, past=past[seed]))
        ]
        values = np.array(problem.evaluate(points)).reshape(seeds, len(numbers))
        found[:, numbers.start : numbers.stop] = values
        for i, (point, value) in enumerate(zip(points, values.ravel().tolist(), strict=True)):
            seed, place = divmod(i, len(numbers))
            past[seed].append(ended(numbers[place], r, point, value))
    values_: list[list[float]] = found.tolist()
    return values_
