"""The limits of a configuration's peak: its range in the search space, and the peaks that diverged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from optuna.distributions import FloatDistribution

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.racing.candidates import RaceCandidate, rate_name
from app.tuning.racing.elimination import Standing
from app.tuning.space.tree import SearchSpace

LEARNING_RATE = "learning_rate"


def lowest_peak(spec: JobSpec, candidate: RaceCandidate) -> float:
    """Return the lowest peak at which a candidate may be recommended; inf if the job fixed the peak.

    A default of an optimizer outside the search space has no lower limit. Such a default is eligible only if
    the job names no optimizers.
    """
    fields = _fields(spec, candidate)
    return min((field.low if _is_range(field) else math.inf for field in fields), default=0.0)


def highest_peak(spec: JobSpec, candidate: RaceCandidate) -> float:
    """Return the highest peak at which a candidate may be recommended; 0 if the job fixed the peak."""
    fields = _fields(spec, candidate)
    return max((field.high if _is_range(field) else 0.0 for field in fields), default=math.inf)


def _fields(spec: JobSpec, candidate: RaceCandidate) -> list[Any]:
    """Return the search space's distributions of the candidate's peak, or its fixed values."""
    # Any: as `Branch.fields`.
    space = SearchSpace.of(spec)
    name = rate_name(candidate.configuration.params)
    if name is not None:
        return [space.distributions()[name]]
    kind = candidate.configuration.optimizer["kind"]
    return [branch.fields[LEARNING_RATE] for branch in space.optimizers.values() if branch.kind == kind]


def _is_range(field: object) -> bool:
    return isinstance(field, FloatDistribution)


def first_seen_to_diverge(configuration: Configuration, diverged: Iterable[Configuration]) -> float:
    """Return the lowest peak at which the configuration, otherwise the same, diverged; inf if none did."""
    fields = _without_peak(configuration)
    peaks = [float(other.optimizer[LEARNING_RATE]) for other in diverged if _without_peak(other) == fields]
    return min(peaks, default=math.inf)


def diverged_trials(finished: Sequence[FinishedTrial]) -> Iterator[Configuration]:
    """Yield the configurations of the trials that diverged."""
    return (trial.configuration for trial in finished if trial.state is TrialState.DIVERGED)


def diverged_entries(standing: Standing) -> Iterator[Configuration]:
    """Yield the configurations of a race that diverged on a seed."""
    return (
        candidate.configuration
        for row, candidate in enumerate(standing.candidates)
        if standing.has_diverged(row)
    )


def _without_peak(configuration: Configuration) -> tuple[Any, ...]:
    # Any: fields of any type, as JSON has them.
    optimizer = {name: value for name, value in configuration.optimizer.items() if name != LEARNING_RATE}
    return optimizer, configuration.schedule, configuration.batch_size, configuration.settings
