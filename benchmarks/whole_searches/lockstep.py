"""Searches of one problem that differ by their seed alone, run in step: a round of all is one batch.

Search k has the seed k for its sampler, and is measured on replicate k, so that it has a split, initial
weights and noise of its own, the same ones whatever its rounds are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration, FinishedTrial
from app.engine.batching.run_batch import Run, run_batch
from app.engine.trajectories.result import Outcome
from app.spec.job import JobSpec
from app.tuning.evaluation.objective import build_objective, dtype_of
from app.tuning.planning.rounds import Rounds
from app.tuning.search.asking import ask_numbers
from benchmarks.ended import ended


def rounds_of_size(trials: int, size: int) -> Rounds:
    """Return equal rounds, each asked from all before it."""
    edges = (*range(0, trials, size), trials)
    return Rounds(edges, (0,) * (len(edges) - 1))


def values_of(specs: Sequence[JobSpec], rounds: Rounds) -> NDArray[np.float64]:
    """Return the value of every trial, (searches, trials), inf for a divergence; specs differ by seeds."""
    past: list[list[FinishedTrial]] = [[] for _ in specs]
    values = np.full((len(specs), rounds.edges[-1]), np.inf)
    for r in range(len(rounds)):
        numbers, seen = rounds.numbers(r), rounds.seen(r)
        asked = [
            ask_numbers(spec, r, numbers, [trial for trial in own if trial.round < seen])
            for spec, own in zip(specs, past, strict=True)
        ]
        values[:, numbers.start : numbers.stop] = _evaluate(specs[0], asked)
        for k, (own, found) in enumerate(zip(past, asked, strict=True)):
            own += [
                ended(number, r, configuration, float(values[k, number]))
                for number, configuration in zip(numbers, found, strict=True)
            ]
    return values


def _evaluate(spec: JobSpec, asked: Sequence[Sequence[Configuration]]) -> NDArray[np.float64]:
    """Return the values of one round of all searches, (searches, trials)."""
    runs = [
        Run(
            optimizer=found.optimizer_instance(),
            schedule=found.schedule_instance(),
            batch_size=found.rows,
            replicate=k,
            settings=found.settings,
        )
        for k, own in enumerate(asked)
        for found in own
    ]
    result = run_batch(
        build_objective(spec.objective),
        runs,
        steps=spec.budget.steps,
        seed=0,
        dtype=dtype_of(spec),
        record=False,
    )
    completed = np.array([outcome is Outcome.COMPLETED for outcome in result.outcomes])
    return np.where(completed, result.values, np.inf).reshape(len(asked), -1)
