"""What a job learns from the trials of others: which jobs compare, and what their trials are in its space."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.spec.supervised import settings_of
from app.tuning.samplers import sampler_of
from app.tuning.space.distributions import Distribution, matching
from app.tuning.space.tree import BATCH_SIZE, OPTIMIZER, SCHEDULE, Branch, SearchSpace

BEFORE_ALL = -1  # the round that trials of other jobs count as


def check_sampler(spec: JobSpec) -> str | None:
    """Why trials of other jobs would be of no use; None where they are."""
    if not spec.from_jobs or sampler_of(spec).reads_past:
        return None
    kind = spec.sampler.kind
    return f"the sampler {kind} learns from no trial; take sampler auto or tpe, or leave from_jobs out"


def incomparable(spec: JobSpec, other: JobSpec) -> str | None:
    """Why the values of another job do not compare with those of this one; None where they do.

    They do where the same is measured after as many updates. What either job searches of its objective does
    not matter: values are measured without it. Nor do seed, replicates and precision, which are noise.
    """
    if _measured(spec) != _measured(other):
        return "it has another objective, so that its values do not compare"
    if spec.budget.steps != other.budget.steps:
        theirs, ours = f"{other.budget.steps:,}", f"{spec.budget.steps:,}"
        return f"its trials make {theirs} steps and those here {ours}, so that their values do not compare"
    return None


def inherited(space: SearchSpace, sources: Iterable[Sequence[FinishedTrial]]) -> list[FinishedTrial]:
    """The trials of other jobs as this space has them, as if they came before the job's own.

    A trial keeps the parameters that lie inside this space, whether its own job searched them or not; the
    others are left out. One whose optimizer is no candidate here, or that has no parameter here, is left out
    whole, and so is a failed one. Numbers are negative and ascend in the order given.
    """
    distributions = space.distributions()
    found = []
    for source in sources:
        for trial in source:
            params = _params(space, distributions, trial.configuration)
            if params and trial.state is not TrialState.FAILED:
                found.append((trial, params))
    return [
        FinishedTrial(
            number=place - len(found),
            round=BEFORE_ALL,
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
        for place, (trial, params) in enumerate(found)
    ]


def encode(trials: Sequence[FinishedTrial]) -> bytes:
    """As they are stored; floats come back bit for bit."""
    rows = [[t.number, t.round, t.state, t.value, t.rungs, vars(t.configuration)] for t in trials]
    return zlib.compress(json.dumps(rows).encode())


def decode(data: bytes) -> list[FinishedTrial]:
    """What `encode` made bytes of."""
    return [
        FinishedTrial(
            number=number,
            round=round_,
            state=TrialState(state),
            configuration=Configuration(**configuration),
            value=value,
            rungs=tuple((step, rung) for step, rung in rungs),
        )
        for number, round_, state, value, rungs, configuration in json.loads(zlib.decompress(data))
    ]


def _measured(spec: JobSpec) -> dict[str, Any]:
    """The objective without what a job can search of it."""
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
    """The parameters of this space that a configuration has a value for which lies inside."""
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
    found = {}
    for name, distribution in distributions.items():
        held = matching(distribution, values[name]) if values.get(name) is not None else None
        if held is not None:
            found[name] = held
    return found


def _candidate(candidates: Mapping[str, Branch], fields: Mapping[str, Any]) -> Branch | None:
    """Of the candidates of that kind the one that most of the fields fit; the first of equals."""

    def fitting(candidate: Branch) -> int:
        return sum(_fits(value, fields.get(name)) for name, value in candidate.fields.items())

    same = [candidate for candidate in candidates.values() if candidate.kind == fields["kind"]]
    return max(same, key=fitting) if same else None


def _fits(expected: Any, value: Any) -> bool:
    if isinstance(expected, Distribution):
        return value is not None and matching(expected, value) is not None
    return bool(expected == value)
