"""The pruners beside each other and none, at equal gradient evaluations: which finds the better setting."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration
from benchmarks.whole_searches.figures import interval
from benchmarks.whole_searches.fresh_seeds import fresh_values
from benchmarks.whole_searches.problems import PROBLEMS, by_name
from tests.support.searches import rounds_of

PRUNERS = ("none", "median", "successive_halving", "hyperband")
TRIALS = 64  # that run to their end: the gradient evaluations which every pruner may spend
MOST = 8  # times as many trials a pruner can ask for at most
SEEDS = 10

Values = NDArray[np.float64]


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    found = _all_values()
    yield (
        f"{len(PROBLEMS)} problems, {SEEDS} seeds, as many gradient evaluations as {TRIALS} full trials take;"
        f" the best trial of each search, measured anew on other seeds"
    )
    for pruner in PRUNERS[1:]:
        won, low, high = won_share(found["none"], found[pruner])
        yield f"{pruner} beats none in {won:.1%} of the pairs, ties count half (95 % {low:.1%} to {high:.1%})"
    gaps = gaps_left(found)
    for pruner in PRUNERS:
        mean, low, high = interval(gaps[pruner])
        yield f"{pruner}: regret {mean:.3f} (95 % {low:.3f} to {high:.3f}); the median of none is 1"
    for i, problem in enumerate(PROBLEMS):
        medians = ", ".join(f"{pruner} {np.median(found[pruner][i]):.4g}" for pruner in PRUNERS)
        yield f"  {problem.name}: {medians}"


def won_share(base: Values, other: Values) -> tuple[float, float, float]:
    """Return how often the other is lower, with its 95 % interval; values: (problems, seeds) each."""
    wins = (other < base) + 0.5 * (other == base)
    return interval(wins)


def gaps_left(found: Mapping[str, Values]) -> dict[str, Values]:
    """Return the part of the gap from the median without a pruner to the best value, by problem and seed.

    Of the logarithms where all values are positive, since the values of a function span decades.
    """
    gaps = {}
    scaled = {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}
    everything = np.hstack(list(scaled.values()))
    positive = np.nanmin(everything, axis=1) > 0.0
    for name, values in scaled.items():
        rows = []
        for i, own in enumerate(values):
            change = np.log if positive[i] else np.asarray
            best, usual = change(np.nanmin(everything[i])), change(np.nanmedian(scaled["none"][i]))
            rows.append((change(own) - best) / (usual - best))
        gaps[name] = np.nan_to_num(np.array(rows), nan=2.0)
    return gaps


def found_value(name: str, seed: int, pruner: str) -> float:
    """Return the fresh value of the best trial of a search that spends its gradients under a pruner."""
    problem = by_name(name)
    spec = problem.spec(seed, TRIALS if pruner == "none" else MOST * TRIALS, pruner={"kind": pruner})
    left = TRIALS * problem.steps * spec.replicates
    best: Configuration | None = None
    lowest = np.inf
    for trials, updates in rounds_of(spec):
        # A round that goes beyond what is left does not count: nobody gets more than the others.
        left -= updates
        if left < 0:
            break
        for trial in trials:
            if trial.value is not None and trial.value < lowest:
                best, lowest = trial.configuration, trial.value
    return np.inf if best is None else fresh_values(spec, [best])[0]


def _all_values() -> dict[str, Values]:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes, which are spawned
    tasks = [(p.name, seed, pruner) for pruner in PRUNERS for p in PROBLEMS for seed in range(SEEDS)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        values = list(pool.map(found_value, *zip(*tasks, strict=True)))
    shape = (len(PRUNERS), len(PROBLEMS), SEEDS)
    return dict(zip(PRUNERS, np.array(values).reshape(shape), strict=True))
