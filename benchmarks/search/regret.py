"""Regret after so many trials: of our TPE in rounds and one at a time, beside Optuna's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.search import ours, stock
from benchmarks.search.ours import AS_JOBS
from benchmarks.search.problems import PROBLEMS, Problem
from benchmarks.search.store import Store, version_of

SEEDS, TRIALS, BATCH = 20, 96, 16
AT = (32, 48, 64, 96)
FLOOR = 1e-8  # of a regret, whose logarithm is taken
SAMPLER = (
    "app/tuning/samplers",
    "app/tuning/space/unit_cube.py",
    "app/tuning/planning/rounds.py",
)
# Rounds of ours and of Optuna's that are compared.
PAIRS = ((BATCH, BATCH), (1, 1), (AS_JOBS, 1), (BATCH, 1))

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gap:
    """A mean of differences with its 95 % interval, by Student's t."""

    mean: float
    half: float

    @classmethod
    def of(cls, differences: Floats) -> Gap:
        """differences: (n,), independent."""
        n = len(differences)
        deviation = float(differences.std(ddof=1)) / math.sqrt(n)
        return cls(float(differences.mean()), float(stdtrit(n - 1, 0.975)) * deviation)

    def __str__(self) -> str:
        return f"{self.mean:+.2f} [{self.mean - self.half:+.2f}, {self.mean + self.half:+.2f}]"


def lines(store: Store) -> Iterator[str]:
    """Yield the regrets of each problem, then the means over all problems."""
    version = version_of(*SAMPLER)
    yield (
        f"regret as its decimal logarithm, mean of {SEEDS} seeds after {', '.join(map(str, AT))} trials; "
        "* the constants were chosen on it, with other seeds"
    )
    scaled: dict[tuple[int, int], list[Floats]] = {}
    for problem in PROBLEMS:
        curves = _curves(store, version, problem)
        yield f"{problem.name}{' *' if problem.tuned else ''}"
        for label, curve in curves.items():
            yield f"  {label:22s}{'  '.join(f'{value:7.3f}' for value in curve.mean(axis=0))}"
        for mine, theirs in PAIRS:
            differences = curves[_label("ours", mine)] - curves[_label("Optuna", theirs)]
            spread = float(np.concatenate([curve[:, -1] for curve in curves.values()]).std()) or 1.0
            scaled.setdefault((mine, theirs), []).append(differences / spread)
    yield ""
    for (mine, theirs), found in scaled.items():
        yield from _summary(f"{_label('ours', mine)}, less {_label('Optuna', theirs)}", found)


def _summary(label: str, found: list[Floats]) -> Iterator[str]:
    """found: of each problem (seeds, trial counts), in standard deviations of its final regrets."""
    yield f"{label}, in standard deviations, mean of {len(found)} problems [95 %]:"
    everything = np.stack(found)  # (problems, seeds, counts)
    means = everything.mean(axis=0)
    yield "  " + "  ".join(f"{at}: {Gap.of(means[:, k])}" for k, at in enumerate(AT))
    last = [Gap.of(problem[:, -1]) for problem in found]
    worse = sum(gap.mean - gap.half > 0 for gap in last)
    better = sum(gap.mean + gap.half < 0 for gap in last)
    held = np.stack([values for values, problem in zip(found, PROBLEMS, strict=True) if not problem.tuned])
    yield (
        f"  after {AT[-1]} trials better on {better}, worse on {worse} of {len(found)} problems; on the "
        f"{len(held)} that nothing was chosen on {Gap.of(held.mean(axis=0)[:, -1])}"
    )


def _curves(store: Store, version: str, problem: Problem) -> dict[str, Floats]:
    """Return logarithms of the regret of the best so far, (seeds, counts), by label."""
    found = {"random": store.get("", stock.search, problem.name, "random", SEEDS, TRIALS, TRIALS)}
    for batch in (BATCH, 1):
        found[_label("Optuna", batch)] = store.get("", stock.search, *_task(problem, batch))
    for batch in (BATCH, 1, AS_JOBS):
        found[_label("ours", batch)] = store.get(version, ours.search, *_task(problem, batch))
    return {
        label: _regrets(np.array(values, dtype=float), problem.optimum) for label, values in found.items()
    }


def _regrets(values: Floats, optimum: float) -> Floats:
    best = np.fmin.accumulate(np.where(np.isnan(values), np.inf, values), axis=1)
    regrets: Floats = np.log10(np.maximum(best[:, [at - 1 for at in AT]] - optimum, FLOOR))
    return regrets


def _task(problem: Problem, batch: int) -> tuple[object, ...]:
    return problem.name, "tpe", SEEDS, TRIALS, batch


def _label(who: str, batch: int) -> str:
    if batch == AS_JOBS:
        return f"{who}, as jobs ask"
    return f"{who}, rounds of {batch}" if batch > 1 else f"{who}, one at a time"
