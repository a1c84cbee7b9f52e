"""Warm starts: the check that other jobs are comparable, and their trials in the space of a job."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.spec.supervised import settings_of
from app.tuning.samplers import sampler_of
from app.tuning.space.distributions import Distribution, matching
from app.tuning.space.tree import BATCH_SIZE, OPTIMIZER, SCHEDULE, Branch, SearchSpace

INHERITED_ROUND = -1  # the round of trials of other jobs

# A stored trial: number, round, state, value, rungs and configuration.
_ROWS = TypeAdapter(
    list[tuple[int, int, TrialState, float | None, tuple[tuple[int, float], ...], Configuration]],
    config=ConfigDict(ser_json_inf_nan="constants"),
)


def check_sampler(spec: JobSpec) -> str | None:
    """Return why the job's sampler cannot use trials of other jobs; None if it can, or if there are none."""
    if not spec.from_jobs or sampler_of(spec).reads_past:
        return None
    kind = spec.sampler.kind
    return f"the sampler {kind} learns from no trial; take sampler auto or tpe, or leave from_jobs out"


def incomparable_reason(spec: JobSpec, other: JobSpec) -> str | None:
    """Return why the values of another job cannot be compared with those of this job; None if they can.

    Values are comparable if both jobs measure the same objective after the same number of updates. Searched
    settings of the objective do not matter, as they do not change the measurement. Seed, replicates and
    precision do not matter either, as they only change the noise.
    """
    if _measured(spec) != _measured(other):
        return "it has another objective, so that its values do not compare"
    if spec.budget.steps != other.budget.steps:
        theirs, ours = f"{other.budget.steps:,}", f"{spec.budget.steps:,}"
        return f"its trials make {theirs} steps and those here {ours}, so that their values do not compare"
    return None


def inherited_trials(space: SearchSpace, sources: Iterable[Sequence[FinishedTrial]]) -> list[FinishedTrial]:
    """Return the trials of other jobs in this space, as trials before the job's own.

    A trial keeps the parameters that lie inside this space, whether or not its job searched them, and loses
    the others. A trial is left out if it failed, if its optimizer is no candidate of this space, or if no
    parameter lies inside. Numbers are negative and ascend in the order of the sources.
    """
    distributions = space.distributions()
    kept = []
    for source in sources:
        for trial in source:
            params = _params(space, distributions, trial.configuration)
            if params and trial.state is not TrialState.FAILED:
                kept.append((trial, params))
    return [
        FinishedTrial(
            number=place - len(kept),
            round=INHERITED_ROUND,
            state=trial.state,
            configuration=Configuration(
                optimizer=trial.configuration.optimizer,
                schedule=trial.configuration.schedule,
                batch_size=trial.configuration.batch_size,
                settings=trial.configuration.settings,
                params=params,
            ),
            value=trial.value,
            rungs=trial.rungs,
        )
        for place, (trial, params) in enumerate(kept)
    ]


def encode(trials: Sequence[FinishedTrial]) -> bytes:
    """Encode trials for storage; floats keep every bit."""
    rows = [(t.number, t.round, t.state, t.value, t.rungs, t.configuration) for t in trials]
    return zlib.compress(_ROWS.dump_json(rows))


def decode(data: bytes) -> list[FinishedTrial]:
    """Decode trials that `encode` encoded."""
    return [
        FinishedTrial(
            number=number, round=round_, state=state, value=value, rungs=rungs, configuration=configuration
        )
        for number, round_, state, value, rungs, configuration in _ROWS.validate_json(zlib.decompress(data))
    ]


def _measured(spec: JobSpec) -> dict[str, Any]:
    """Return the objective as JSON, without the settings that a job can search."""
    # Any: JSON.
    objective: dict[str, Any] = spec.objective.model_dump(mode="json")
    for name in settings_of(spec.objective):
        *path, last = name.split(".")
        part = objective
        for key in path:
            part = part[key]
        part.pop(last, None)
    return objective


def _params(
    space: SearchSpace, distributions: Mapping[str, Distribution], configuration: Configuration
) -> dict[str, Any]:
    """Return the parameters of this space for which the configuration has a value inside."""
    optimizer = _candidate(space.optimizers, configuration.optimizer)
    if optimizer is None:
        return {}
    schedule = _candidate(space.schedules, configuration.schedule)
    values: dict[str, Any] = {OPTIMIZER: optimizer.label, BATCH_SIZE: configuration.batch_size}
    values |= {f"{optimizer.label}.{name}": value for name, value in configuration.optimizer.items()}
    if schedule is not None:
        values[SCHEDULE] = schedule.label
        values |= {f"{schedule.label}.{name}": value for name, value in configuration.schedule.items()}
    values |= configuration.settings
    params = {}
    for name, distribution in distributions.items():
        value = matching(distribution, values[name]) if values.get(name) is not None else None
        if value is not None:
            params[name] = value
    return params


def _candidate(candidates: Mapping[str, Branch], fields: Mapping[str, Any]) -> Branch | None:
    """Return the candidate of that kind that fits most of the fields; of equal candidates the first."""

    def fitting(candidate: Branch) -> int:
        return sum(_fits(value, fields.get(name)) for name, value in candidate.fields.items())

    same = [candidate for candidate in candidates.values() if candidate.kind == fields["kind"]]
    return max(same, key=fitting) if same else None


def _fits(expected: Any, value: Any) -> bool:
    if isinstance(expected, Distribution):
        return value is not None and matching(expected, value) is not None
    return bool(expected == value)
