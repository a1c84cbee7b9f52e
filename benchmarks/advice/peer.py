"""Plain Optuna: its TPE sampler and its median pruner at their defaults, one trial after another.

The same space, steps and replicates as the job, and as many gradient evaluations as it took. All studies of a
problem run in step, one trial of each at a time, which changes nothing for any of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import Trial, TrialState

from app.engine.batch import Run, run_batch
from app.engine.result import BatchResult, Outcome
from app.spec.job import JobSpec
from app.spec.records import Configuration
from app.tuning.objective import build_objective, dtype_of
from app.tuning.pruning import rungs
from app.tuning.space import Space
from benchmarks.advice.problems import PEER_SEED, by_name
from benchmarks.advice.tasks import Plain, plain

APART = 1_000  # between the first replicates of two studies


def peer(name: str, evaluations: list[int]) -> list[Plain]:
    """The best trial of each study; evaluations: how many gradients each may take."""
    spec = by_name(name).spec(PEER_SEED)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    studies = [
        optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed), pruner=optuna.pruners.MedianPruner()
        )
        for seed in range(len(evaluations))
    ]
    found: list[dict[int, Configuration]] = [{} for _ in studies]
    left = list(evaluations)
    while active := [i for i in range(len(studies)) if left[i] > 0]:
        trials = {i: studies[i].ask() for i in active}
        for i, trial in trials.items():
            found[i][trial.number] = Space.of(spec).draw(trial)
        runs = [found[i][trial.number] for i, trial in trials.items()]
        batch, pruned = _run(spec, active, list(trials.values()), runs)
        for place, (i, trial) in enumerate(trials.items()):
            left[i] -= _tell(studies[i], trial, batch, place, spec.replicates, pruned)
    best = [own[study.best_trial.number] for study, own in zip(studies, found, strict=True)]
    return [plain(one.optimizer, one.schedule, one.batch_size) for one in best]


def _run(
    spec: JobSpec, studies: list[int], trials: list[Trial], configurations: list[Configuration]
) -> tuple[BatchResult, set[int]]:
    """One trial of each study; and which places were pruned."""
    width = spec.replicates
    pruned: set[int] = set()

    def judge(step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        means = values.reshape(len(trials), width).mean(axis=1)
        for place, trial in enumerate(trials):
            if place not in pruned and np.isfinite(means[place]):
                trial.report(float(means[place]), step)
                if trial.should_prune():
                    pruned.add(place)
        return np.repeat([place not in pruned for place in range(len(trials))], width)

    rows: list[Any] = [
        Run(
            optimizer=found.optimizer_instance(),
            schedule=found.schedule_instance(),
            batch_size=found.rows,
            replicate=APART * study + replicate,
        )
        for study, found in zip(studies, configurations, strict=True)
        for replicate in range(width)
    ]
    batch = run_batch(
        build_objective(spec.objective),
        rows,
        steps=spec.budget.steps,
        seed=spec.seed,
        dtype=dtype_of(spec),
        rungs=rungs(spec.budget.steps),
        judge=judge,
        record=False,
    )
    return batch, pruned


def _tell(
    study: optuna.Study, trial: Trial, batch: BatchResult, place: int, width: int, pruned: set[int]
) -> int:
    """Ends a trial; the gradients that it took."""
    rows = slice(place * width, (place + 1) * width)
    value = batch.values[rows].mean()
    if Outcome.DIVERGED in batch.outcomes[rows]:
        study.tell(trial, state=TrialState.FAIL)
    elif place in pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, float(value))
    return int(batch.steps_done[rows].sum())
