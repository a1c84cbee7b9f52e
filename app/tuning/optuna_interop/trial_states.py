"""States and parameters of stored trials in the terms of Optuna."""

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
    # Without reports, Optuna's samplers rank a diverged trial below every pruned trial with a report.
    TrialState.DIVERGED: optuna.trial.TrialState.PRUNED,
    TrialState.FAILED: optuna.trial.TrialState.FAIL,
}


def searched(
    params: Mapping[str, Any], distributions: Mapping[str, Distribution]
) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """Return the parameters of a trial and their distributions, in the order of drawing.

    The order of `params` does not matter. distributions: of the whole space.
    """
    ordered = {name: params[name] for name in distributions if name in params}
    return ordered, {name: distributions[name] for name in ordered}
