"""Where a configuration's peak may lie: its range in the space, and the peaks that were seen to diverge."""

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

RATE = "learning_rate"


def lowest_peak(spec: JobSpec, entry: RaceCandidate) -> float:
    """Return the lowest peak that may be recommended of an entry; inf where the job has it fixed.

    A default of an optimizer outside the space, which is eligible only where the job names no optimizers, has
    no lower limit.
    """
    return min((field.low if _is_range(field) else math.inf for field in _fields(spec, entry)), default=0.0)


def highest_peak(spec: JobSpec, entry: RaceCandidate) -> float:
    """Return the highest peak that may be recommended of an entry; 0 where the job has it fixed."""
    fields = _fields(spec, entry)
    return max((field.high if _is_range(field) else 0.0 for field in fields), default=math.inf)


def _fields(spec: JobSpec, entry: RaceCandidate) -> list[Any]:
    """Return what the space has for the entry's peak: distributions, or the only values there are."""
    # Any: as `Candidate.fields`.
    space = SearchSpace.of(spec)
    name = rate_name(entry.configuration.params)
    if name is not None:
        return [space.distributions()[name]]
    kind = entry.configuration.optimizer["kind"]
    return [found.fields[RATE] for found in space.optimizers.values() if found.kind == kind]


def _is_range(field: object) -> bool:
    return isinstance(field, FloatDistribution)


def first_seen_to_diverge(configuration: Configuration, diverged: Iterable[Configuration]) -> float:
    """Return the lowest peak of those that differ from a configuration in their peak alone; inf for none."""
    own = _but_peak(configuration)
    peaks = [float(found.optimizer[RATE]) for found in diverged if _but_peak(found) == own]
    return min(peaks, default=math.inf)


def diverged_trials(finished: Sequence[FinishedTrial]) -> Iterator[Configuration]:
    """Yield the configurations of the trials that diverged."""
    return (trial.configuration for trial in finished if trial.state is TrialState.DIVERGED)


def diverged_entries(standing: Standing) -> Iterator[Configuration]:
    """Yield the configurations of a race that diverged on one of its seeds."""
    return (entry.configuration for row, entry in enumerate(standing.entries) if standing.has_diverged(row))


def _but_peak(configuration: Configuration) -> tuple[Any, ...]:
    # Any: fields of any type, as JSON has them.
    optimizer = {name: value for name, value in configuration.optimizer.items() if name != RATE}
    return optimizer, configuration.schedule, configuration.batch_size, configuration.settings
