"""A request: configurations that run on the same fresh seeds; how it is cut into shards, and what it gave.

The advice asks for one request after another and receives the result of each. The advice knows neither who
runs a request nor where. A request is a pure function of the spec and of the requests before it, so a stored
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
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.shards import Shard, cuts, fitting_count, shard_count

Values: TypeAlias = NDArray[np.float64]
T = TypeVar("T")


class Seeds(IntEnum):
    """The first replicate of each stage. The search has those from 0 on, at most 64, so it saw none of these.

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
    """Every configuration on every replicate, for `steps` updates.

    record: whether the curves are wanted too.
    """

    configurations: tuple[Configuration, ...]
    replicates: range
    steps: int
    record: bool = False

    @property
    def stage(self) -> Seeds:
        """The stage whose seeds it runs on."""
        return max(stage for stage in Seeds if stage <= self.replicates.start)

    @property
    def updates(self) -> int:
        """The updates that it makes."""
        return len(self.configurations) * len(self.replicates) * self.steps

    @property
    def digest(self) -> str:
        """A name for what is asked, by which a stored answer is known to be the one wanted."""
        entries = [
            [found.optimizer, found.schedule, found.batch_size, found.settings]
            for found in self.configurations
        ]
        asked = [entries, self.replicates.start, self.replicates.stop, self.steps, self.record]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationResult:
    """What a request gave.

    values: (entries, replicates), nan where a run diverged. metrics: by name the means over the replicates,
    (entries,), nan where any diverged. curves: where they were recorded, of each entry the encoded mean
    trajectories of its parts; else empty.
    """

    values: Values
    metrics: Mapping[str, Values] = field(default_factory=dict)
    curves: tuple[tuple[bytes, ...], ...] = ()


# A part of the advice: asks for requests, and returns what it made of them.
Steps: TypeAlias = Generator[EvaluationRequest, EvaluationResult, T]


def replicates_of(spec: JobSpec) -> int:
    """How many seeds a configuration is confirmed on; one is enough where every replicate is the same."""
    if spec.confirmation is None:
        return 0
    return 1 if build_objective(spec.objective).deterministic else spec.confirmation.replicates


def some_seeds(spec: JobSpec) -> int:
    """How many seeds a stage has whose figures are read from means: a quarter of those that confirm."""
    return min(max(2, replicates_of(spec) // 4), replicates_of(spec))


def some_replicates(spec: JobSpec, first: Seeds) -> range:
    """The seeds of such a stage."""
    return range(first, first + some_seeds(spec))


def shards_of_request(spec: JobSpec, request: EvaluationRequest) -> list[Shard]:
    """Cuts a request by its replicates, by a fixed rule of the spec.

    Every shard has all entries, unless these do not fit the memory of one on a single replicate.
    """
    entries = request.configurations
    if not entries or not request.replicates:
        return []
    if request.steps != spec.budget.steps:
        budget = spec.budget.model_copy(update={"steps": request.steps})
        spec = spec.model_copy(update={"budget": budget})
    groups = min(max(1, fitting_count(spec, entries, 1)), len(entries))
    return [shard for part in cuts(len(entries), groups) for shard in _group(spec, request, part)]


def _group(spec: JobSpec, request: EvaluationRequest, part: slice) -> list[Shard]:
    """The shards of some entries."""
    own = request.configurations[part]
    count = shard_count(spec, own, len(request.replicates), at_most=len(request.replicates))
    return [
        Shard(
            spec=spec,
            numbers=tuple(range(len(request.configurations))[part]),
            configurations=own,
            replicates=tuple(request.replicates[some]),
            record=request.record,
        )
        for some in cuts(len(request.replicates), count)
    ]


def gather(shards: Sequence[Sequence[TrialResult]]) -> EvaluationResult:
    """What a request gave, from the results of `shards_of_heat`, in their order."""
    values: dict[int, list[float]] = {}
    measured: dict[str, dict[int, list[float]]] = {}
    curves: dict[int, list[bytes]] = {}
    for result in (result for shard in shards for result in shard):
        values.setdefault(result.number, []).extend(result.values)
        for name, mean in result.metrics.items():
            own = [np.nan if mean is None else mean] * len(result.values)
            measured.setdefault(name, {}).setdefault(result.number, []).extend(own)
        if result.trajectory is not None:
            curves.setdefault(result.number, []).append(result.trajectory)
    found = np.array([values[entry] for entry in sorted(values)]) if values else np.empty((0, 0))
    metrics = {
        name: np.array([_mean(of_name.get(entry, []), len(values[entry])) for entry in sorted(values)])
        for name, of_name in measured.items()
    }
    ordered = tuple(tuple(curves[entry]) for entry in sorted(curves))
    return EvaluationResult(values=found, metrics=metrics, curves=ordered)


def _mean(measured: Sequence[float], wanted: int) -> float:
    """Nan where some are missing: a shard in which nothing completed measures little."""
    return float(np.mean(measured)) if len(measured) == wanted else np.nan
