"""Evaluations without a run: a test gives the means of the values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from app.domain.records import Configuration, FinishedTrial
from app.engine.trajectories import codec
from app.engine.trajectories.result import Trajectory
from app.spec.job import JobSpec
from app.spec.resources.recommendations import Recommendation
from app.tuning.evaluation.requests import EvaluationRequest, EvaluationResult, Seeds
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.pipeline import advise
from tests.support.jobs import NOISY, finished, follow, job, space

NAN = float("nan")
COSINE = {"kind": "cosine", "warmup_fraction": 0.0, "warmup_start_factor": 0.0, "final_factor": 0.0}
LOG_RANGE = {"low": 1e-3, "high": 1e-1, "log": True}
REPLICATES = 8

# The mean of a configuration after a number of updates; nan if it diverges.
Means: TypeAlias = Callable[[Configuration, int], float]


def spec(**parts: Any) -> JobSpec:
    body: dict[str, Any] = {
        "confirmation": {"top": 2, "replicates": REPLICATES},
        "search_space": space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "sgd"}),
    }
    return job(**({"objective": NOISY} | body | parts))


def trials(count: int = 12) -> list[FinishedTrial]:
    """Return trials of which trial 0, at 0.04, is the best, then trial 1, at 0.01."""
    return [
        finished(i, 1.0 + i, learning_rate=0.01 if i % 2 else 0.04, optimizer="adam") for i in range(count)
    ]


def bowl(best: float = 0.04, floor: float = 1.0) -> Means:
    """Return means that depend on the peak alone, with the least value at `best`."""
    return lambda configuration, steps: (
        floor + 0.3 * abs(np.log(configuration.optimizer["learning_rate"] / best))
    )


def scatter(configuration: Configuration, replicate: int) -> float:
    """Return a standard normal number, another for each configuration and replicate."""
    name = json.dumps([configuration.optimizer, configuration.schedule, replicate], sort_keys=True)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return float(np.random.default_rng(seed).standard_normal())


class SyntheticEvaluations:
    """A function that answers requests with values: mean + effect of the seed + effect of the run.

    common: standard deviation of the effect that a seed has on all configurations. individual: standard
    deviation of the effect on a single run. start: the recorded loss. `requests` holds all requests so far.
    """

    def __init__(
        self, means: Means, *, common: float = 0.1, individual: float = 0.001, start: float = 10.0
    ) -> None:
        self._means = means
        self._common = common
        self._individual = individual
        self._start = start
        self.requests: list[EvaluationRequest] = []

    def __call__(self, request: EvaluationRequest) -> EvaluationResult:
        self.requests.append(request)
        values = [
            [self._value(configuration, replicate, request.steps) for replicate in request.replicates]
            for configuration in request.configurations
        ]
        trajectories = (
            tuple((self._trajectory(request.steps),) for _ in request.configurations)
            if request.record
            else ()
        )
        return EvaluationResult(values=np.array(values), trajectories=trajectories)

    def of(self, stage: Seeds) -> list[EvaluationRequest]:
        """Return the requests of a stage."""
        return [request for request in self.requests if stage <= request.replicates.start < stage + 1_000_000]

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        common = self._common * float(np.random.default_rng(replicate).standard_normal())
        return (
            self._means(configuration, steps) + common + self._individual * scatter(configuration, replicate)
        )

    def _trajectory(self, steps: int) -> bytes:
        """Return an encoded trajectory whose norms fall to a tenth over the run."""
        rows = min(steps, 1_000) + 1
        norms = np.linspace(10.0, 1.0, rows).astype(np.float32)
        trajectory = Trajectory(
            step=np.linspace(0, steps, rows).astype(np.int64),
            loss=np.full(rows, self._start),
            validation_loss=np.full(rows, np.nan),
            learning_rate=np.full(rows, 0.1),
            gradient_norm=norms,
            gradient_norm_l1=norms,
            parameters=None,
        )
        return codec.encode(trajectory)


class Rival(SyntheticEvaluations):
    """A bowl in which adam's default has another mean, and scatter, on the confirming seeds."""

    def __init__(self, mean: float) -> None:
        super().__init__(bowl())
        self._mean = mean

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        is_default = (
            configuration.optimizer["kind"] == "adam" and configuration.optimizer["learning_rate"] == 0.001
        )
        if is_default and replicate // 1_000_000 == Seeds.CONFIRM // 1_000_000:
            return self._mean + 0.1 * scatter(configuration, replicate)
        return super()._value(configuration, replicate, steps)


def advised(
    evaluations: SyntheticEvaluations, of: list[FinishedTrial] | None = None, **parts: Any
) -> Recommendation:
    """Return the recommendation of a small job whose requests `evaluations` answers."""
    recommendation = follow(
        advise(Plan.of(spec(**parts)), trials() if of is None else of, lambda number: None), evaluations
    )
    assert recommendation is not None
    return recommendation
