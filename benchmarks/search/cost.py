"""What an ask costs a trial, in seconds of a core, beside Optuna's TPE in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np
import optuna
from optuna.trial import create_trial

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.samplers import SAMPLERS, Ask
from app.tuning.space.distributions import suggest
from app.tuning.space.tree import SearchSpace
from benchmarks.search.stock import tpe

STORED = (100, 1_000, 10_000)
ROUND = 16
REPEATS = 5
STOCK_ASKS = 3  # of each repeat: it takes its time
SPACES = {
    "the default space": {},
    "six numbers": {
        "optimizers": [
            {
                "kind": "adam",
                "beta1": {"low": 0.5, "high": 0.99},
                "beta2": {"low": 0.9, "high": 0.999},
                "eps": {"low": 1e-10, "high": 1e-4, "log": True},
            }
        ],
        "schedules": [
            {
                "kind": "cosine",
                "warmup_fraction": {"low": 0.0, "high": 0.3},
                "final_factor": {"low": 0.0, "high": 0.5},
            }
        ],
    },
}


def lines() -> Iterator[str]:
    """Yield medians over repeats, of the two TPEs in turns."""
    yield f"milliseconds of a core for each trial asked, in rounds of {ROUND}; Optuna's one at a time"
    for label, searched in SPACES.items():
        body = {"objective": {"kind": "function", "name": "rosenbrock"}, "search_space": searched}
        space = SearchSpace.of(JobSpec.model_validate(body))
        for stored in STORED:
            ours, theirs = _both(space, stored)
            yield (
                f"{label}, {stored:6,} stored: ours {ours:6.2f}, Optuna {theirs:7.2f}, "
                f"{theirs / ours:.0f} times as much"
            )
        if space.is_plain:
            costs = (f"{_cmaes_ms(space, stored):.2f} at {stored:,}" for stored in STORED)
            yield f"{label}, CMA-ES: {', '.join(costs)}"


def _cmaes_ms(space: SearchSpace, stored: int) -> float:
    """Return the milliseconds of a trial, in a search whose last generation is new to the process."""
    whole = stored // ROUND * ROUND
    past = [replace(trial, round=trial.number // ROUND) for trial in _past(space, whole)]
    sampler, times = SAMPLERS["cmaes"](), []
    for repeat in range(REPEATS):
        ask = Ask(space=space, seed=repeat, round=stored // ROUND, numbers=range(ROUND), past=past)
        sampler.ask(replace(ask, past=past[:-ROUND]))
        times.append(_cpu_ms(partial(sampler.ask, ask)) / ROUND)
    return median(times)


def _both(space: SearchSpace, stored: int) -> tuple[float, float]:
    """Return the milliseconds of a trial: ours, Optuna's."""
    past = _past(space, stored)
    study = _study(space, past)
    ours, theirs = [], []
    for repeat in range(REPEATS):
        ask = Ask(space=space, seed=repeat, round=1, numbers=range(ROUND), past=past)
        ours.append(_cpu_ms(partial(SAMPLERS["tpe"]().ask, ask)) / ROUND)
        theirs.append(_cpu_ms(partial(_stock_asks, space, study)) / STOCK_ASKS)
    return median(ours), median(theirs)


def _past(space: SearchSpace, count: int) -> list[FinishedTrial]:
    """Return random trials with random values."""
    ask = Ask(space=space, seed=0, round=0, numbers=range(count))
    values = np.random.default_rng(0).random(count).tolist()
    return [
        FinishedTrial(number=i, round=0, state=TrialState.COMPLETED, configuration=found, value=values[i])
        for i, found in enumerate(SAMPLERS["random"]().ask(ask))
    ]


def _study(space: SearchSpace, past: list[FinishedTrial]) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=tpe(0))
    distributions = space.distributions()
    study.add_trials(
        [
            create_trial(
                value=trial.value,
                params=trial.configuration.params,
                distributions={name: distributions[name] for name in trial.configuration.params},
            )
            for trial in past
        ]
    )
    return study


def _stock_asks(space: SearchSpace, study: optuna.Study) -> None:
    for _ in range(STOCK_ASKS):
        trial = study.ask()
        space.walk(partial(suggest, trial))
        study.tell(trial, 0.5)


def _cpu_ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1e3
