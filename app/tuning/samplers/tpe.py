"""The tree-structured Parzen estimator."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import TPESampler

from app.spec.records import Configuration, FinishedTrial
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.samplers.study import SEED_LIMIT, frozen, new_study

# The first round is random: a model of fewer trials than that, spread over several optimizers, is noise.
STARTUP_TRIALS = 16
# An ask costs in proportion to the trials that the sampler sees; beyond this many the oldest are left out.
HISTORY = 1_000
# TPE takes at most 25 trials for the good ones; these stay, however old they are.
BEST_KEPT = 25

_filter_lock = threading.Lock()  # warning filters belong to the process, and jobs run in threads


@dataclass(frozen=True, kw_only=True)
class Tpe(Sampler):
    """Optuna's, one trial after another."""

    kind = "tpe"
    reads_past: ClassVar[bool] = True

    def ask(self, ask: Ask) -> list[Configuration]:
        """See the base."""
        study = new_study(stock_tpe(int(ask.generator.integers(SEED_LIMIT))))
        distributions = ask.space.distributions()
        study.add_trials([frozen(trial, distributions) for trial in remembered(ask.past)])
        return [ask.space.draw(study.ask()) for _ in ask.numbers]


def stock_tpe(seed: int) -> TPESampler:
    """Optuna's sampler, with every argument that its versions differ in."""
    with _filter_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group` has been experimental since 2.8
        return TPESampler(
            seed=seed,
            n_startup_trials=STARTUP_TRIALS,
            multivariate=True,
            group=True,  # one model for each optimizer's and each schedule's own parameters
            constant_liar=True,  # the trials of a round keep away from each other
        )


def remembered(past: Sequence[FinishedTrial]) -> Sequence[FinishedTrial]:
    """The trials that the sampler sees: all, or of a long job the best and the latest; by number."""
    if len(past) <= HISTORY:
        return past
    completed = [trial for trial in past if trial.value is not None]
    best = sorted(completed, key=lambda trial: (trial.value, trial.number))[:BEST_KEPT]
    kept = {trial.number for trial in best}
    for trial in reversed(past):
        if len(kept) == HISTORY:
            break
        kept.add(trial.number)
    return [trial for trial in past if trial.number in kept]
