"""Stored trials as Optuna's own: what its importances and its files are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from app.domain.states import TrialState
from app.tuning.space.distributions import Distribution

STATES = {
    TrialState.WAITING: optuna.trial.TrialState.WAITING,
    TrialState.RUNNING: optuna.trial.TrialState.RUNNING,
    TrialState.COMPLETED: optuna.trial.TrialState.COMPLETE,
    TrialState.PRUNED: optuna.trial.TrialState.PRUNED,
    # Without reports Optuna's samplers rank it below every pruned trial that has one.
    TrialState.DIVERGED: optuna.trial.TrialState.PRUNED,
    TrialState.FAILED: optuna.trial.TrialState.FAIL,
}


def searched(
    params: Mapping[str, Any], distributions: Mapping[str, Distribution]
) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """A trial's parameters and their distributions, in the order of drawing.

    distributions: of the whole space. Whatever order a store kept the parameters in does not matter.
    """
    own = {name: params[name] for name in distributions if name in params}
    return own, {name: distributions[name] for name in own}
