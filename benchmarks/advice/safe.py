"""Whether safe ranges hold: the losses at their ends on fresh seeds, beside that of the recommended peak."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from app.tuning.learning_rates.safe_range import FLOOR, tolerance
from benchmarks.advice.figures import share
from benchmarks.advice.problems import FRESH, Problem
from benchmarks.advice.store import Store, Task
from benchmarks.advice.tasks import Plain


@dataclass(frozen=True, kw_only=True)
class Range:
    """A safe range of a job, looked at on fresh seeds. octaves: None where the job gave none."""

    problem: str
    octaves: float | None
    holds: bool = True
    diverges: bool = False


def ranges(problem: Problem, answers: Sequence[dict[str, Any]], store: Store) -> list[Range]:
    """Return the ranges of the jobs of a problem; what is not stored yet is computed."""
    stated = [answer for answer in answers if answer["safe"] is not None]
    tasks = {id(answer): _tasks(problem.name, answer) for answer in stated}
    store.do(task for of_answer in tasks.values() for task in of_answer)
    return [
        _judged(problem.name, answer, [store[task] for task in tasks[id(answer)]])
        if answer["safe"] is not None
        else Range(problem=problem.name, octaves=None)
        for answer in answers
    ]


def summary(found: Sequence[Range]) -> Iterator[str]:
    """Yield the figures over all jobs."""
    stated = [one for one in found if one.octaves is not None]
    missing = 1.0 - len(stated) / len(found)
    if not stated:
        yield "no job states a safe range"
        return
    width = median(one.octaves for one in stated if one.octaves is not None)
    broken = sorted({one.problem for one in stated if not one.holds})
    yield (
        f"safe ranges hold in {share([one.holds for one in stated])} of {len(stated)} (must: 0.95 of 100)"
        f"{f'; not on {broken}' if broken else ''}; a seed diverges at an end in "
        f"{sum(one.diverges for one in stated)} (must: 1 of 100); median width {width:.2g} "
        f"octaves (must: 1); {missing:.1%} of jobs state none (must: 20 %)"
    )


def _tasks(name: str, answer: dict[str, Any]) -> list[Task]:
    configuration: Plain = answer["configuration"]
    peaks = [at(configuration, answer["safe"][end]) for end in ("low", "high")]
    losses = [Task("losses", (name, found, 0, FRESH)) for found in (configuration, *peaks)]
    return [Task("start", (name, configuration)), *losses]


def _judged(name: str, answer: dict[str, Any], results: Sequence[Any]) -> Range:
    start, own, *ends = results
    safe = answer["safe"]
    mean = float(np.mean(own))
    close = mean + tolerance(mean, FLOOR * abs(start))
    return Range(
        problem=name,
        octaves=math.log2(safe["high"] / safe["low"]),
        holds=all(np.mean(values) <= close for values in ends),  # nan is not
        diverges=any(np.isnan(values).any() for values in ends),
    )


def at(configuration: Plain, rate: float) -> Plain:
    """Return the configuration with another peak."""
    return configuration | {"optimizer": configuration["optimizer"] | {"learning_rate": rate}}
