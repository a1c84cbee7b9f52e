"""Stores jobs in various states, by the services that the worker uses."""

from __future__ import annotations

from app.db import Database
from app.engine import codec
from app.services import jobs, work
from app.settings import Settings
from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.recommendation import Candidate, Evidence, Recommendation
from app.spec.records import Configuration, TrialResult
from tests.curves import make_curve

BODY = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 3, "steps": 10},
}
ADAM = {"kind": "adam", "learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
COSINE = {"kind": "cosine", "warmup_fraction": 0.0, "warmup_start_factor": 0.0, "final_factor": 0.0}
VALUES = (0.5, 0.25, None)  # the last trial diverged


def store_running_job(db: Database, settings: Settings) -> str:
    """A job with three trials that run; returns its id."""
    job_id = jobs.submit(db, settings, JobSpec.model_validate(BODY)).id
    work.start(db, job_id, 1)
    configuration = Configuration(optimizer=ADAM, schedule=COSINE, params={"adam.learning_rate": 0.1})
    work.open_round(db, job_id, 1, 0, range(len(VALUES)), [configuration] * len(VALUES))
    return job_id


def store_finished_job(db: Database, settings: Settings) -> str:
    """A job that succeeded; returns its id."""
    job_id = store_running_job(db, settings)
    work.record_trials(db, job_id, 1, [_result(i, value) for i, value in enumerate(VALUES)], 0.5)
    work.succeed(db, job_id, 1, recommendation(), None)
    return job_id


def recommendation() -> Recommendation:
    """An answer without baselines."""
    candidate = Candidate(
        label="adam, cosine",
        optimizer=ADAM,
        schedule=COSINE,
        batch_size=None,
        mean=0.25,
        ci95=None,
        probability_best=None,
        source="search",
    )
    return Recommendation(
        optimizer=ADAM,
        schedule=COSINE,
        batch_size=None,
        total_steps=10,
        safe_learning_rate=None,
        evidence=Evidence(metric="value", replicates=0, candidates=[candidate], baselines=[]),
        explanation=["It was the best."],
        warnings=[],
    )


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
        trajectory=codec.encode(make_curve(11, seed=number, parameters=2)) if completed else None,
        engine_s=0.01,
    )
