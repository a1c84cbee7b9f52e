"""Optuna's TPE as it is best set for these spaces, and its random sampler, on many studies in step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from app.tuning.space.distributions import suggest
from benchmarks.search.problems import Problem, by_name

STARTUP = 16  # random trials, as many as ours has


def tpe(seed: int) -> TPESampler:
    """One joint model for each group of parameters, and trials of a batch that keep away from each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(
            seed=seed, n_startup_trials=STARTUP, multivariate=True, group=True, constant_liar=True
        )


def search(name: str, kind: str, seeds: int, trials: int, batch: int) -> list[list[float]]:
    """Return the values of each study's trials, (seeds, trials), nan for a divergence.

    kind: tpe or random.
    """
    problem, samplers = by_name(name), {"tpe": tpe, "random": lambda seed: RandomSampler(seed=seed)}
    make: Callable[[int], BaseSampler] = samplers[kind]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    studies = [optuna.create_study(sampler=make(seed)) for seed in range(seeds)]
    found = np.full((seeds, trials), math.nan)
    for start in range(0, trials, batch):
        count = min(batch, trials - start)
        found[:, start : start + count] = _batch(problem, studies, count)
    values: list[list[float]] = found.tolist()
    return values


def _batch(problem: Problem, studies: list[optuna.Study], count: int) -> NDArray[np.float64]:
    """Ask each study for so many trials, evaluate and tell them; return values, (studies, count)."""
    trials: list[list[Trial]] = []
    points = []
    for study in studies:
        trials.append([])
        for _ in range(count):
            trial = study.ask()
            trials[-1].append(trial)
            points.append(problem.walk(partial(suggest, trial)))
    values = np.array(problem.evaluate(points)).reshape(len(studies), count)
    for study, own, row in zip(studies, trials, values, strict=True):
        for trial, value in zip(own, row.tolist(), strict=True):
            if math.isnan(value):
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, value)
    return values
