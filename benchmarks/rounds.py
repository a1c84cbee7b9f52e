"""What batching costs in sample efficiency: regret against trials, by the size of a round."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

from app.tuning.planning.rounds import Rounds
from benchmarks.whole_searches.figures import interval
from benchmarks.whole_searches.lockstep import rounds_of_size, values_of
from benchmarks.whole_searches.problems import PROBLEMS, by_name

SIZES = (1, 8, 32, 128)
RULE = 0  # stands for the rounds that a job has
TRIALS = 256
STEPS = 100  # fewer than usual: rounds of one trial take a step's time for each
SEARCHES = 20
AFTER = (32, 64, 128, 256)  # trials
FLOOR = 1e-6

Values = NDArray[np.float64]


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    tasks = [(size, problem.name) for size in (*SIZES, RULE) for problem in PROBLEMS]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes, which are spawned
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        found = dict(zip(tasks, pool.map(_best_so_far, *zip(*tasks, strict=True)), strict=True))
    by_size = {size: np.array([found[size, problem.name] for problem in PROBLEMS]) for size in (*SIZES, RULE)}
    regrets = regrets_of(by_size)
    yield (
        f"{len(PROBLEMS)} problems, {SEARCHES} searches of {TRIALS} trials each, no pruner: regret with its"
        f" 95 % interval, where rounds of one have 1 after {AFTER[0]} trials"
    )
    for size, values in regrets.items():
        name = "as jobs have them" if size == RULE else f"of {size}"
        cells = []
        for place, trials in enumerate(AFTER):
            mean, low, high = interval(values[:, :, place])
            cells.append(f"{trials}: {mean:.3f} ({low:.3f} to {high:.3f})")
        yield f"rounds {name}, after {', '.join(cells)}"


def regrets_of(found: Mapping[int, Values]) -> dict[int, Values]:
    """Return the distance to the best value of any size on that seed, in units of each problem.

    found: best values so far by size, (problems, searches, AFTER), none below zero: their logarithms are
    compared, since they span decades, down to a millionth of what is usual after the fewest trials. The unit
    is the mean of rounds of one after the fewest trials.
    """
    usual = np.median(found[SIZES[0]][:, :, 0], axis=1)[:, None, None]
    levelled = {size: np.log(np.maximum(values, FLOOR * usual)) for size, values in found.items()}
    best = np.stack(list(levelled.values())).min(axis=(0, 3))[:, :, None]
    gaps = {size: values - best for size, values in levelled.items()}
    unit = gaps[SIZES[0]][:, :, 0].mean(axis=1)[:, None, None]
    return {size: values / unit for size, values in gaps.items()}


def _best_so_far(size: int, name: str) -> Values:
    """Return the best value after so many trials of each search, (searches, AFTER)."""
    problem = by_name(name)
    budget = {"trials": TRIALS, "steps": STEPS}
    specs = [problem.spec(seed, TRIALS, budget=budget, pruner={"kind": "none"}) for seed in range(SEARCHES)]
    rounds = Rounds.of(specs[0]) if size == RULE else rounds_of_size(TRIALS, size)
    best = np.minimum.accumulate(values_of(specs, rounds), axis=1)
    return best[:, np.array(AFTER) - 1]
