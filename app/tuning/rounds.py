"""The rounds of a search: which trials each has, and the configurations that the sampler proposes for it.

A round is asked at once, evaluated as a batch, and is the bracket that a pruner ranks. Its size is a fixed
rule of the spec:

- TPE: 16 trials, so that the model learns several times from a modest budget while batches stay wide;
- random with a pruner: 27, three full levels of successive halving;
- random without a pruner: up to 256, since nothing is gained by waiting.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Sequence
from typing import Literal

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, create_trial

from app.engine.seeds import Purpose, stream
from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.records import Configuration, FinishedTrial
from app.tuning.distributions import Distribution
from app.tuning.space import Space
from app.tuning.studies import STATES, searched

TPE_ROUND = 16
RANDOM_BRACKET = 27
RANDOM_ROUND = 256
AUTO_TPE_FROM = 24  # trials; below, a model has too little to learn from

# The first round is random: a model of fewer trials than that, spread over several optimizers, is noise.
STARTUP_TRIALS = TPE_ROUND
# An ask costs in proportion to the trials that the sampler sees; beyond this many the oldest are left out.
HISTORY = 1_000
# TPE takes at most 25 trials for the good ones; these stay, however old they are.
BEST_KEPT = 25

STUDY_NAME = "stepsize"  # constant: samplers and pruners of Optuna hash it
SEED_LIMIT = 2**32

# Each round builds a study, and Optuna logs each one.
logging.getLogger("optuna.storages._in_memory").setLevel(logging.WARNING)
_filter_lock = threading.Lock()  # warning filters belong to the process, and jobs run in threads


def effective_sampler(spec: JobSpec) -> Literal["tpe", "random"]:
    """The sampler that a job uses: `auto` is random below 24 trials and TPE from there on."""
    if spec.sampler.kind == "auto":
        return "tpe" if spec.budget.trials >= AUTO_TPE_FROM else "random"
    return spec.sampler.kind


def round_size(spec: JobSpec) -> int:
    """How many trials a full round has."""
    if effective_sampler(spec) == "tpe":
        return TPE_ROUND
    return RANDOM_ROUND if spec.pruner.kind == "none" else RANDOM_BRACKET


def round_count(spec: JobSpec) -> int:
    """How many rounds a job has; the last one may be short."""
    return -(-spec.budget.trials // round_size(spec))


def trial_numbers(spec: JobSpec, r: int) -> range:
    """The numbers of the trials of round r."""
    if not 0 <= r < round_count(spec):
        raise ValueError(f"round must be from 0 to {round_count(spec) - 1}, got {r}")
    size = round_size(spec)
    return range(r * size, min((r + 1) * size, spec.budget.trials))


def ask_round(spec: JobSpec, r: int, finished: Sequence[FinishedTrial]) -> list[Configuration]:
    """The configurations of round r, in the order of their numbers.

    A pure function of the spec and of the trials of rounds before r: later ones are ignored, and the order
    in which they are given does not matter. The study is rebuilt and the sampler seeded anew for every
    round, so a job that was killed goes on as one that was not.
    """
    space = Space.of(spec)
    sampler = _sampler(spec, r)
    study = optuna.create_study(study_name=STUDY_NAME, sampler=sampler, pruner=optuna.pruners.NopPruner())
    if isinstance(sampler, TPESampler):
        distributions = space.distributions()
        earlier = sorted((trial for trial in finished if trial.round < r), key=lambda trial: trial.number)
        study.add_trials([_frozen(trial, distributions) for trial in _remembered(earlier)])
    return [space.draw(study.ask()) for _ in trial_numbers(spec, r)]


def _sampler(spec: JobSpec, r: int) -> BaseSampler:
    seed = int(stream(spec.seed, Purpose.SAMPLER, r).integers(SEED_LIMIT))
    if effective_sampler(spec) == "random":
        return RandomSampler(seed=seed)
    with _filter_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group` has been experimental since 2.8
        return TPESampler(
            seed=seed,
            n_startup_trials=STARTUP_TRIALS,
            multivariate=True,
            group=True,  # one model for each optimizer's and each schedule's own parameters
            constant_liar=True,  # the trials of a round keep away from each other
        )


def _remembered(earlier: Sequence[FinishedTrial]) -> Sequence[FinishedTrial]:
    """The trials that the sampler sees: all, or of a long job the best and the latest; by number."""
    if len(earlier) <= HISTORY:
        return earlier
    completed = [trial for trial in earlier if trial.value is not None]
    best = sorted(completed, key=lambda trial: (trial.value, trial.number))[:BEST_KEPT]
    kept = {trial.number for trial in best}
    for trial in reversed(earlier):
        if len(kept) == HISTORY:
            break
        kept.add(trial.number)
    return [trial for trial in earlier if trial.number in kept]


def _frozen(trial: FinishedTrial, distributions: dict[str, Distribution]) -> FrozenTrial:
    """A stored trial as Optuna's."""
    params, own = searched(trial.configuration.params, distributions)
    return create_trial(
        state=STATES[trial.state],
        value=trial.value if trial.state is TrialState.COMPLETED else None,
        params=params,
        distributions=own,
        intermediate_values=dict(trial.rungs) if trial.state is TrialState.PRUNED else None,
    )
