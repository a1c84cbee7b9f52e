"""The samplers of a job, on many searches in step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.domain.records import FinishedTrial
from app.spec.job import JobSpec
from app.tuning.planning.rounds import Rounds
from app.tuning.samplers import SAMPLERS, Ask
from benchmarks.ended import ended
from benchmarks.search.problems import by_name
from benchmarks.whole_searches.lockstep import rounds_of_size

AS_JOBS = 0  # in the place of a size: the rounds that a job has


def rounds_of(trials: int, batch: int) -> Rounds:
    """Return rounds of `batch` trials, or the rounds of a job of so many trials."""
    if batch != AS_JOBS:
        return rounds_of_size(trials, batch)
    body = {"objective": {"kind": "function", "name": "rosenbrock"}, "sampler": {"kind": "tpe"}}
    return Rounds.of(JobSpec.model_validate(body | {"budget": {"trials": trials}}))


def search(name: str, kind: str, seeds: int, trials: int, batch: int) -> list[list[float]]:
    """Return the values of each search's trials, (seeds, trials), nan for a divergence.

    batch: see `rounds_of`.
    """
    problem, sampler = by_name(name), SAMPLERS[kind]()
    space: Any = problem  # Any: it walks and has distributions, which is all that a sampler asks of a space
    past: list[list[FinishedTrial]] = [[] for _ in range(seeds)]
    found = np.full((seeds, trials), math.nan)
    rounds = rounds_of(trials, batch)
    for r in range(len(rounds)):
        numbers, seen = rounds.numbers(r), rounds.seen(r)
        points: list[Any] = [
            point
            for seed in range(seeds)
            for point in sampler.ask(
                Ask(
                    space=space,
                    seed=seed,
                    round=r,
                    numbers=numbers,
                    past=[trial for trial in past[seed] if trial.round < seen],
                )
            )
        ]
        values = np.array(problem.evaluate(points)).reshape(seeds, len(numbers))
        found[:, numbers.start : numbers.stop] = values
        for i, (point, value) in enumerate(zip(points, values.ravel().tolist(), strict=True)):
            seed, place = divmod(i, len(numbers))
            past[seed].append(ended(numbers[place], r, point, value))
    values_: list[list[float]] = found.tolist()
    return values_
