"""`python -m benchmarks.advice.horizons`: how good the peaks for other horizons are.

At a quarter of, half, twice and four times the steps of a job, the peak that its recommendation gives is
compared with one that was tuned anew at that horizon, and with Adam's defaults.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.advice.figures import clustered
from benchmarks.advice.problems import CORE, FRESH, Problem
from benchmarks.advice.safe import at
from benchmarks.advice.store import FILE, Store, Task
from benchmarks.advice.tasks import HORIZONS, Plain, adam

JOBS = 1
LEAST_GAP = 0.05  # of the loss: what regret is divided by where Adam is closer than that


def run(problems: Sequence[Problem], seeds: range, store: Store) -> Iterator[str]:
    """Yield the lines of the report; what is not stored yet is computed first."""
    jobs = {problem.name: [Task("job", (problem.name, seed)) for seed in seeds] for problem in problems}
    store.do(task for tasks in jobs.values() for task in tasks)
    cases = [
        (problem.name, store[task], factor)
        for problem in problems
        for task in jobs[problem.name]
        for factor in HORIZONS
        if store[task]["has_horizons"]
    ]
    store.do(Task("retuned", (name, answer["configuration"], factor)) for name, answer, factor in cases)
    store.do(task for case in cases for task in _losses(store, *case))
    yield f"seeds {seeds[0]} to {seeds[-1]}; regret beside a retuned peak, at {FRESH} fresh seeds"
    regrets, worse = [], []
    for name, answer, factor in cases:
        own, best, usual = (np.array(store[task]) for task in _losses(store, name, answer, factor))
        gap = max(float((usual - best).mean()), LEAST_GAP * abs(float(best.mean())))
        regret = float((own - best).mean()) / gap if gap > 0.0 else 0.0
        regrets.append(regret)
        against = clustered((own - usual)[None])
        if against.low > 0.0:
            worse.append(f"{name} x {factor:g}")
        yield (
            f"{name} x {factor:g}: regret {regret:.3f}; peak {answer['peaks'][str(factor)]:.4g}, retuned "
            f"{store[_retuned(name, answer, factor)]:.4g}, tuned {_peak(answer['configuration']):.4g}; "
            f"loss {own.mean():.4g}, retuned {best.mean():.4g}, Adam {usual.mean():.4g}"
        )
    yield (
        f"regret over {len(regrets)} horizons: median {median(regrets):.3f} (must: 0.03), worst "
        f"{max(regrets):.3f} (must: 0.15); significantly worse than Adam on {len(worse)} {worse} (must: 0)"
    )


def _retuned(name: str, answer: dict[str, Any], factor: float) -> Task:
    return Task("retuned", (name, answer["configuration"], factor))


def _losses(store: Store, name: str, answer: dict[str, Any], factor: float) -> list[Task]:
    """Return the tasks of the advised peak, the retuned one and Adam."""
    configuration = answer["configuration"]
    peaks = (answer["peaks"][str(factor)], store[_retuned(name, answer, factor)])
    found = [*(at(configuration, peak) for peak in peaks), adam(name)]
    return [Task("losses_at", (name, one, factor, FRESH)) for one in found]


def _peak(configuration: Plain) -> float:
    return float(configuration["optimizer"]["learning_rate"])


def main() -> None:
    """Print the report of the problems whose names contain one of the words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advice.horizons")
    parser.add_argument("--problems", nargs="*", default=[""], help="words that names contain")
    parser.add_argument("--seeds", type=int, default=JOBS, help="jobs of each problem")
    parser.add_argument("--processes", type=int, help="default: one a core")
    parser.add_argument("--file", type=Path, default=FILE, help="where results are kept")
    asked = parser.parse_args()
    chosen = [problem for problem in CORE if any(word in problem.name for word in asked.problems)]
    for line in run(chosen, range(asked.seeds), Store(asked.file, asked.processes)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
