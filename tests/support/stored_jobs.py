"""Stores jobs in various states, by the services that the worker uses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import optuna

from app.db import Database
from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.services import job_runs, jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.spec.resources.recommendations import Candidate, Evidence, Recommendation
from app.tuning.space.distributions import suggest
from app.tuning.space.tree import SearchSpace
from tests.support.trajectories import make_trajectory

BODY = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 3, "steps": 10},
}
ADAM = {"kind": "adam", "learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
COSINE = {"kind": "cosine", "warmup_fraction": 0.0, "warmup_start_factor": 0.0, "final_factor": 0.0}
VALUES = (0.5, 0.25, None)  # the last trial diverged


def store_running_job(db: Database, settings: Settings, **parts: object) -> str:
    """Store a job with three trials that run; return its id. parts: of the spec."""
    job_id = jobs.submit(db, settings, JobSpec.model_validate(BODY | parts)).id
    job_runs.start(db, job_id, 1)
    configuration = Configuration(optimizer=ADAM, schedule=COSINE, params={"adam.learning_rate": 0.1})
    job_runs.open_round(db, job_id, 1, 0, range(len(VALUES)), [configuration] * len(VALUES))
    return job_id


def store_finished_job(db: Database, settings: Settings) -> str:
    """Store a job that succeeded; return its id."""
    job_id = store_running_job(db, settings)
    job_runs.record_trials(db, job_id, 1, results(), 0.5)
    job_runs.succeed(db, job_id, 1, recommendation(), None)
    return job_id


def recommendation() -> Recommendation:
    """Return an answer without baselines."""
    candidate = Candidate(
        label="adam, cosine",
        optimizer=ADAM,
        schedule=COSINE,
        batch_size=None,
        mean=0.25,
        ci95=None,
        probability_best=None,
        source="search",
        settings={},
    )
    return Recommendation(
        optimizer=ADAM,
        schedule=COSINE,
        batch_size=None,
        settings={},
        total_steps=10,
        safe_learning_rate=None,
        evidence=Evidence(metric="value", replicates=0, candidates=[candidate], baselines=[]),
        explanation=["It was the best."],
        warnings=[],
    )


def results() -> list[TrialResult]:
    """Return the results of the trials of a job."""
    return [_result(number, value) for number, value in enumerate(VALUES)]


def _result(number: int, value: float | None) -> TrialResult:
    completed = value is not None
    return TrialResult(
        number=number,
        state=TrialState.COMPLETED if completed else TrialState.DIVERGED,
        value=value,
        values=(value,) if value is not None else (float("nan"),),
        metrics={},
        steps_done=10 if completed else 3,
        rungs=(),
        reason=None if completed else "diverged at step 3",
        trajectory=codec.encode(make_trajectory(11, seed=number, parameters=2)) if completed else None,
        engine_s=0.01,
    )


CONDITIONAL = {
    "name": "conditional",
    "objective": {"kind": "classification", "dataset": "iris", "model": {"kind": "linear"}},
    "search_space": {
        "optimizers": [{"kind": "momentum"}, {"kind": "adam"}],
        "schedules": [{"kind": "constant"}, {"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.2}}],
        "batch_size": {"choices": [32, "full"]},
    },
    "seed": 3,
}
STATES = (TrialState.COMPLETED, TrialState.COMPLETED, TrialState.PRUNED, TrialState.DIVERGED)


def store_searched_job(
    db: Database, settings: Settings, count: int, states: Sequence[TrialState] = STATES
) -> str:
    """Store a job over a conditional space whose trials ended in these states, in turn; return its id.

    The value of a completed one is the distance of the learning rate's logarithm from -2.
    """
    spec = JobSpec.model_validate(CONDITIONAL | {"budget": {"trials": count, "steps": 9}})
    job_id = jobs.submit(db, settings, spec).id
    job_runs.start(db, job_id, 1)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    asked = [SearchSpace.of(spec).walk(partial(suggest, study.ask())) for _ in range(count)]
    job_runs.open_round(db, job_id, 1, 0, range(count), asked)
    results = [
        _searched(number, states[number % len(states)], asked[number].optimizer["learning_rate"])
        for number in range(count)
    ]
    job_runs.record_trials(db, job_id, 1, results, 0.5)
    return job_id


def _searched(number: int, state: TrialState, learning_rate: float) -> TrialResult:
    value = abs(math.log10(learning_rate) + 2) if state is TrialState.COMPLETED else None
    return TrialResult(
        number=number,
        state=state,
        value=value,
        values=(),
        metrics={} if value is None else {"validation_loss": value},
        steps_done=9,
        rungs=((1, 0.75), (3, 0.5)),
        reason=None if value is not None else f"{state} early",
        trajectory=None,
        engine_s=0.01,
    )
