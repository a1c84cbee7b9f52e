"""How much each searched parameter mattered: PED-ANOVA over the completed trials of a job.

Watanabe, Bansal & Hutter 2023, arXiv:2304.10255: how far the distribution of a parameter among the best
trials lies from that among all of them; for conditional parameters its extension, arXiv:2601.20800. Only
ranks of the values count, so that no outlier spoils it.
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

BEST_SHARE = 0.1  # of the trials are the best ones ...
BEST_AT_LEAST = 5  # ... and of few trials so many, but never more than half

_filter_lock = threading.Lock()  # warning filters belong to the process, and requests run in threads

Sample = tuple[Mapping[str, Any], float]  # a completed trial: its parameters by name, and its value


def importances(spec: JobSpec, completed: Sequence[Sample]) -> dict[str, float]:
    """The share of each parameter that a completed trial had, the largest first; they add up to 1.

    Empty where no trial completed or nothing was searched; equal shares where the trials tell nothing, as
    with a single one, or where all values are equal.
    """
    space = SearchSpace.of(spec).distributions()
    seen = {name for params, _ in completed for name in params}
    names = [name for name in space if name in seen]
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
        own, distributions = searched(params, space)
        study.add_trial(create_trial(value=value, params=own, distributions=distributions))
    best = min(0.5, max(BEST_SHARE, BEST_AT_LEAST / len(completed)))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=best)
    with _filter_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are few trials; the client sees how many there are
        return evaluator.evaluate(study)
