"""Requests to evaluate configurations on the same fresh seeds, their shards and their results.

The advice makes one request after another and receives the result of each. The advice does not know which
process runs a request. A request is a pure function of the spec and of the earlier results, so a stored
result need not be computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration, TrialResult
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, cuts, fitting_count, shard_count

Values: TypeAlias = NDArray[np.float64]
T = TypeVar("T")


class Seeds(IntEnum):
    """The first replicate of each stage.

    The search uses the replicates from 0 on, at most 64, and so none of the replicates of a stage.

    Stored results depend on these numbers: never renumber, only add.
    """

    RACE = 1_000_000
    CONFIRM = 2_000_000
    NORMS = 3_000_000
    FINAL = 4_000_000
    SWEEP = 5_000_000
    NEIGHBOURS = 6_000_000
    RECONFIRM = 7_000_000
    HORIZONS = 8_000_000
    MARGIN = 9_000_000


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """The evaluation of every configuration on every replicate, for `steps` updates.

    record: whether the result has the trajectories too.
    """

    configurations: tuple[Configuration, ...]
    replicates: range
    steps: int
    record: bool = False

    @property
    def stage(self) -> Seeds:
        """The stage whose seeds the request uses."""
        return max(stage for stage in Seeds if stage <= self.replicates.start)

    @property
    def updates(self) -> int:
        """The number of updates of all runs."""
        return len(self.configurations) * len(self.replicates) * self.steps

    @property
    def digest(self) -> str:
        """The SHA-256 of the request, by which a stored result is known to answer the same request."""
        configurations = [
            [
                configuration.optimizer,
                configuration.schedule,
                configuration.batch_size,
                configuration.settings,
            ]
            for configuration in self.configurations
        ]
        content = [configurations, self.replicates.start, self.replicates.stop, self.steps, self.record]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationResult:
    """The result of a request.

    values: (configurations, replicates), nan for a run that diverged.
    metrics: by name, the means over the replicates, (configurations,), nan if any replicate diverged.
    trajectories: by configuration, the encoded mean trajectory of each shard with a part of its replicates;
    empty if the request records none.
    """

    values: Values
    metrics: Mapping[str, Values] = field(default_factory=dict)
    trajectories: tuple[tuple[bytes, ...], ...] = ()


# A part of the advice: yields requests, receives their results, and returns a conclusion.
Steps: TypeAlias = Generator[EvaluationRequest, EvaluationResult, T]


def shards_of_request(spec: JobSpec, request: EvaluationRequest) -> list[Shard]:
    """Cut a request into shards by its replicates, by a fixed rule of the spec.

    Every shard has all configurations, unless one replicate of all of them exceeds the memory of a shard.
    """
    configurations = request.configurations
    if not configurations or not request.replicates:
        return []
    if request.steps != spec.budget.steps:
        budget = spec.budget.model_copy(update={"steps": request.steps})
        spec = spec.model_copy(update={"budget": budget})
    groups = min(max(1, fitting_count(spec, configurations, 1)), len(configurations))
    return [shard for group in cuts(len(configurations), groups) for shard in _group(spec, request, group)]


def _group(spec: JobSpec, request: EvaluationRequest, group: slice) -> list[Shard]:
    """Return the shards of a slice of the configurations."""
    configurations = request.configurations[group]
    count = shard_count(spec, configurations, len(request.replicates), at_most=len(request.replicates))
    return [
        Shard(
            spec=spec,
            numbers=tuple(range(len(request.configurations))[group]),
            configurations=configurations,
            replicates=tuple(request.replicates[part]),
            record=request.record,
        )
        for part in cuts(len(request.replicates), count)
    ]


def gather(shards: Sequence[Sequence[TrialResult]]) -> EvaluationResult:
    """Return the result of a request from the results of its `shards_of_request`, in their order."""
    values: dict[int, list[float]] = {}  # by the number of the configuration, as below
    measured: dict[str, dict[int, list[float]]] = {}  # by the name of the metric
    trajectories: dict[int, list[bytes]] = {}
    for result in (result for shard in shards for result in shard):
        values.setdefault(result.number, []).extend(result.values)
        for name, mean in result.metrics.items():
            weighted = [np.nan if mean is None else mean] * len(result.values)
            measured.setdefault(name, {}).setdefault(result.number, []).extend(weighted)
        if result.trajectory is not None:
            trajectories.setdefault(result.number, []).append(result.trajectory)
    numbers = sorted(values)
    metrics = {
        name: np.array([_mean(of_name.get(number, []), len(values[number])) for number in numbers])
        for name, of_name in measured.items()
    }
    return EvaluationResult(
        values=np.array([values[number] for number in numbers]) if values else np.empty((0, 0)),
        metrics=metrics,
        trajectories=tuple(tuple(trajectories[number]) for number in sorted(trajectories)),
    )


def _mean(measured: Sequence[float], count: int) -> float:
    """Return the mean; nan if fewer than `count` are measured, as of a shard in which no run completed."""
    return float(np.mean(measured)) if len(measured) == count else np.nan
