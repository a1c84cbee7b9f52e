"""Small jobs and searches for the tests of this layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.spec.resources.recommendations import Recommendation
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    EvaluationResult,
    Steps,
    gather,
    shards_of_request,
)
from app.tuning.evaluation.shards import evaluate
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.pipeline import advise
from tests.support.searches import rounds_of

T = TypeVar("T")

ROSENBROCK: dict[str, Any] = {"kind": "function", "name": "rosenbrock"}
NOISY: dict[str, Any] = {"kind": "function", "name": "quadratic", "dimension": 3, "noise": 0.5}
DIGITS: dict[str, Any] = {
    "kind": "classification",
    "dataset": "digits",
    "model": {"kind": "mlp", "hidden": [16], "activation": "relu"},
}


def job(
    objective: dict[str, Any] = ROSENBROCK, *, trials: int = 32, steps: int = 60, **parts: Any
) -> JobSpec:
    """Return a small job; keywords replace its parts."""
    body = {"objective": objective, "budget": {"trials": trials, "steps": steps}}
    return JobSpec.model_validate(body | parts)


def space(*optimizers: dict[str, Any], schedules: Sequence[dict[str, Any]] = ({"kind": "constant"},)) -> Any:
    """Return a search space as the client posts it."""
    return {"optimizers": list(optimizers), "schedules": list(schedules)}


def configuration(kind: str = "adam", learning_rate: float = 0.01, **params: Any) -> Configuration:
    """Return a configuration with this peak and defaults elsewhere."""
    fields = {
        "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
        "sgd": {"weight_decay": 0.0},
    }
    return Configuration(
        optimizer={"kind": kind, "learning_rate": learning_rate, **fields[kind]},
        schedule={"kind": "constant", "warmup_fraction": 0.0, "warmup_start_factor": 0.0},
        params={f"{kind}.learning_rate": learning_rate, **params},
    )


def finished(
    number: int, value: float | None = 1.0, *, round: int = 0, state: TrialState | None = None, **parts: Any
) -> FinishedTrial:
    """Return an ended trial; keywords go to its configuration."""
    ended = state or (TrialState.COMPLETED if value is not None else TrialState.DIVERGED)
    return FinishedTrial(
        number=number, round=round, state=ended, configuration=configuration(**parts), value=value
    )


def ended(number: int, round: int, configuration: Configuration, value: float | None) -> FinishedTrial:
    """Return an ended trial of a configuration; one without a value has diverged."""
    state = TrialState.DIVERGED if value is None else TrialState.COMPLETED
    return FinishedTrial(number=number, round=round, state=state, configuration=configuration, value=value)


def search(spec: JobSpec) -> list[FinishedTrial]:
    """Return the trials of all rounds of a job."""
    return [trial for ended, _ in rounds_of(spec) for trial in ended]


def run_request(spec: JobSpec, request: EvaluationRequest) -> EvaluationResult:
    """Evaluate a request in this process."""
    return gather([evaluate(shard) for shard in shards_of_request(spec, request)])


def follow(advice: Steps[T], answer: Callable[[EvaluationRequest], EvaluationResult]) -> T:
    """Answer each request of the advice, or of a part of it, and return the result."""
    try:
        request = next(advice)
        while True:
            request = advice.send(answer(request))
    except StopIteration as end:
        value: T = end.value
        return value


def run(spec: JobSpec) -> tuple[list[FinishedTrial], Recommendation]:
    """Run a whole job in this process, as the worker does; return its trials and recommendation."""
    trials = search(spec)
    recommendation = follow(
        advise(Plan.of(spec), trials, lambda number: None), lambda request: run_request(spec, request)
    )
    assert recommendation is not None
    return trials, recommendation
