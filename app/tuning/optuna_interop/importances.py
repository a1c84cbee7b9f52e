"""Importances of the searched parameters: PED-ANOVA over the completed trials of a job.

The importance measures the distance of a parameter's distribution among the best trials from its distribution
among all trials. Source: Watanabe, Bansal & Hutter 2023, arXiv:2304.10255; for conditional parameters the
extension arXiv:2601.20800. Only the ranks of the values count, so no outlier distorts the importances.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial

from app.spec.job import JobSpec
from app.tuning.optuna_interop.trial_states import searched
from app.tuning.space.distributions import Distribution
from app.tuning.space.tree import SearchSpace

BEST_SHARE = 0.1  # share of the trials that count as the best
MIN_BEST = 5  # fewest best trials, but never more than half of the trials

_filter_lock = threading.Lock()  # warning filters belong to the process, and requests run in threads

Sample = tuple[Mapping[str, Any], float]  # a completed trial: its parameters by name, and its value


def importances(spec: JobSpec, completed: Sequence[Sample]) -> dict[str, float]:
    """Return the share of each parameter that a completed trial had, the largest first; the sum is 1.

    The result is empty if no trial completed or nothing was searched. The shares are equal if the
    trials show no difference, as with a single trial or with equal values.
    """
    space = SearchSpace.of(spec).distributions()
    drawn = {name for params, _ in completed for name in params}
    names = [name for name in space if name in drawn]
    if not names:
        return {}
    raw = _ped_anova(space, completed) if len(completed) > 1 else {}
    shares = {name: raw.get(name, 0.0) for name in names}
    total = sum(shares.values())
    if not (math.isfinite(total) and total > 0):
        return {name: 1 / len(names) for name in names}
    return {name: share / total for name, share in sorted(shares.items(), key=lambda item: -item[1])}


def _ped_anova(space: Mapping[str, Distribution], completed: Sequence[Sample]) -> dict[str, float]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for params, value in completed:
        ordered, distributions = searched(params, space)
        study.add_trial(create_trial(value=value, params=ordered, distributions=distributions))
    best = min(0.5, max(BEST_SHARE, MIN_BEST / len(completed)))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=best)
    with _filter_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna warns of few trials; the client sees their number
        return evaluator.evaluate(study)
