"""Plain Optuna: its TPE sampler and its median pruner at their defaults, one trial after another.

The same space and steps as the job, about as many trials, and as many gradient evaluations as the job took in
all: what the job spends on its advice a study spends on more replicates of each trial. Several studies run in
step, one trial of each at a time, which changes nothing for any of them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import Trial, TrialState

from app.domain.records import Configuration
from app.engine.batching.run_batch import Run, run_batch
from app.engine.trajectories.result import BatchResult, Outcome
from app.spec.job import JobSpec
from app.tuning.evaluation.objective import build_objective, dtype_of
from app.tuning.space.distributions import suggest
from app.tuning.space.tree import SearchSpace
from benchmarks.advice.problems import PEER_SEED, by_name
from benchmarks.advice.tasks import Plain, plain

APART = 1_000  # between the first replicates of two studies
# Of the steps: when its trials report. With earlier reports half of the trials would end there, and a study
# would have thousands of them; each ask takes longer than the last.
REPORTS = (1 / 3, 2 / 3)

# What a study had found, and when: (gradients taken, configuration), each better than the one before.
Incumbents = list[tuple[int, Plain]]


def peer(name: str, seeds: list[int], evaluations: int, replicates: int) -> list[Incumbents]:
    """Return the incumbents of a study for each seed.

    evaluations: how many gradients each may take. replicates: of a trial.
    """
    spec = by_name(name).spec(PEER_SEED).model_copy(update={"replicates": replicates})
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    studies = [
        optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed), pruner=optuna.pruners.MedianPruner()
        )
        for seed in seeds
    ]
    spent = [0] * len(studies)
    incumbents: list[Incumbents] = [[] for _ in studies]
    while active := [i for i in range(len(studies)) if spent[i] < evaluations]:
        trials = {i: studies[i].ask() for i in active}
        runs = [SearchSpace.of(spec).walk(partial(suggest, trial)) for trial in trials.values()]
        batch, pruned = _run(spec, [seeds[i] for i in active], list(trials.values()), runs)
        for place, ((i, trial), run) in enumerate(zip(trials.items(), runs, strict=True)):
            spent[i] += _tell(studies[i], trial, batch, place, spec.replicates, pruned)
            if _is_best(studies[i], trial):
                incumbents[i].append((spent[i], plain(run.optimizer, run.schedule, run.batch_size)))
    return incumbents


def replicates_within(spec: JobSpec, evaluations: int) -> int:
    """Of a trial, so that the trials of the job take so many gradients; one where all are the same.

    With the job's own few, a study would have thousands of trials, whose asks take hours.
    """
    if build_objective(spec.objective).deterministic:
        return 1
    return max(spec.replicates, round(evaluations / (spec.budget.trials * spec.budget.steps)))


def best_within(incumbents: Incumbents, evaluations: int) -> Plain:
    """Return the incumbent of a study after that many gradients."""
    return [configuration for spent, configuration in incumbents if spent <= evaluations][-1]


def _is_best(study: optuna.Study, trial: Trial) -> bool:
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return bool(completed) and study.best_trial.number == trial.number


def _run(
    spec: JobSpec, studies: list[int], trials: list[Trial], configurations: list[Configuration]
) -> tuple[BatchResult, set[int]]:
    """Run one trial of each study; return also which places were pruned."""
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
        rungs=[round(part * spec.budget.steps) for part in REPORTS],
        judge=judge,
        record=False,
    )
    return batch, pruned


def _tell(
    study: optuna.Study, trial: Trial, batch: BatchResult, place: int, width: int, pruned: set[int]
) -> int:
    """End a trial and return the number of its gradients."""
    rows = slice(place * width, (place + 1) * width)
    value = batch.values[rows].mean()
    # TPE learns nothing from a failed trial, and would propose what diverges for ever.
    if Outcome.DIVERGED in batch.outcomes[rows] or place in pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, float(value))
    return int(batch.steps_done[rows].sum())
