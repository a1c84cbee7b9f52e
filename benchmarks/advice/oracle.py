"""The oracle: the best of 2,000 random configurations, by far more seeds than any job has."""

from __future__ import annotations

from functools import partial

import numpy as np
import optuna
from optuna.samplers import RandomSampler

from app.tuning.evaluation.objective import build_objective
from app.tuning.racing.elimination import ranked
from app.tuning.space.distributions import suggest
from app.tuning.space.tree import SearchSpace
from benchmarks.advice.problems import ORACLE_SEED, by_name
from benchmarks.advice.tasks import Plain, plain, run

CONFIGURATIONS = 2_000
# After so many seeds each, so many go on; the values of all seeds count together.
HALVINGS = ((2, 400), (8, 80), (32, 16), (96, 1))


def oracle(name: str) -> Plain:
    """Return the configuration that is left of 2,000."""
    spec = by_name(name).spec(ORACLE_SEED)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=RandomSampler(seed=ORACLE_SEED))
    space = SearchSpace.of(spec)
    left = [space.walk(partial(suggest, study.ask())) for _ in range(CONFIGURATIONS)]
    values = np.empty((len(left), 0))
    for seeds, kept in ((1, 1),) if build_objective(spec.objective).deterministic else HALVINGS:
        values = np.hstack([values, run(spec, left, range(values.shape[1], seeds))])
        order = ranked(values)[:kept]
        left, values = [left[i] for i in order], values[order]
    return plain(left[0].optimizer, left[0].schedule, left[0].batch_size)
