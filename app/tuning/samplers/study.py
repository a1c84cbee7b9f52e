"""An Optuna study in memory, for as long as one round is asked."""

from __future__ import annotations

import logging

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, create_trial

from app.spec.answers import TrialState
from app.spec.records import FinishedTrial
from app.tuning.distributions import Distribution
from app.tuning.studies import STATES, searched

STUDY_NAME = "stepsize"  # constant: samplers and pruners of Optuna hash it
SEED_LIMIT = 2**32

# Each round builds a study, and Optuna logs each one.
logging.getLogger("optuna.storages._in_memory").setLevel(logging.WARNING)


def new_study(sampler: BaseSampler) -> optuna.Study:
    """An empty study; who prunes is not its business."""
    return optuna.create_study(study_name=STUDY_NAME, sampler=sampler, pruner=optuna.pruners.NopPruner())


def frozen(trial: FinishedTrial, distributions: dict[str, Distribution]) -> FrozenTrial:
    """A stored trial as Optuna's. distributions: of the whole space."""
    params, own = searched(trial.configuration.params, distributions)
    return create_trial(
        state=STATES[trial.state],
        value=trial.value if trial.state is TrialState.COMPLETED else None,
        params=params,
        distributions=own,
        intermediate_values=dict(trial.rungs) if trial.state is TrialState.PRUNED else None,
    )
