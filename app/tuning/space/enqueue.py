"""Configurations that a client enqueues as the first trials, given as parameters of a trial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution

from app.domain.records import Configuration
from app.engine.seeds import Purpose, stream
from app.spec.hints import meant
from app.spec.job import JobSpec
from app.spec.values import Scalar
from app.tuning.space.distributions import Distribution, Pick, matching
from app.tuning.space.tree import BATCH_SIZE, OPTIMIZER, SCHEDULE, Branch, SearchSpace
from app.tuning.space.unit_cube import uniform

MAX_LISTED = 12  # most names in a message


def check_enqueued(spec: JobSpec) -> list[tuple[str, str]]:
    """Return the problems of `enqueue` in the job's space: (JSON pointer, message with the way out)."""
    if not spec.enqueue:
        return []
    space = SearchSpace.of(spec)
    return [
        (f"/enqueue/{i}/{name.replace('~', '~0').replace('/', '~1')}", message)
        for i, given in enumerate(spec.enqueue)
        for name, message in _problems(space, given)
    ]


def enqueued_configurations(spec: JobSpec, space: SearchSpace, numbers: Sequence[int]) -> list[Configuration]:
    """Return the configurations of the enqueued trials among these numbers, in their order.

    Parameters that the client left out are drawn independently, from a random stream of the trial: they
    depend on the spec and the number alone.
    """
    configurations = []
    for number in numbers:
        if number < len(spec.enqueue):
            generator = stream(spec.seed, Purpose.ENQUEUED, number)
            values = _complete(space, spec.enqueue[number])
            configurations.append(space.walk(_given_or_drawn(values, generator)))
    return configurations


def _given_or_drawn(given: Mapping[str, Scalar], generator: np.random.Generator) -> Pick:
    def pick(name: str, distribution: Distribution) -> Scalar:
        return given[name] if name in given else uniform(distribution, generator)

    return pick


def _complete(space: SearchSpace, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the given parameters in the types of the space, with the optimizer and schedule they imply."""
    distributions = space.distributions()
    complete = {}
    for name in given.keys() & distributions.keys():
        value = matching(distributions[name], given[name])
        if value is not None:
            complete[name] = value
    for name, candidates in _choices(space):
        implied = _implied(candidates, given)
        if name in distributions and name not in complete and implied is not None:
            complete[name] = implied
    return complete


def _problems(space: SearchSpace, given: Mapping[str, Scalar]) -> Iterator[tuple[str, str]]:
    distributions, fixed = space.distributions(), _fixed(space)
    for name, value in given.items():
        if name in fixed:
            if value != fixed[name]:
                yield name, f"is {fixed[name]!r} in this search space, got {value!r}; leave it out"
        elif name not in distributions:
            known = f"{meant(name, distributions)}; take one of: {_listed(distributions)}"
            yield name, f"{name!r} is no parameter of this search space{known}"
        elif matching(distributions[name], value) is None:
            way_out = "widen the search space, or leave it out to have it drawn"
            yield name, f"must be {_allowed(distributions[name])}, got {value!r}; {way_out}"
    for choice, candidates in _choices(space):
        label = given.get(choice) or _implied(candidates, given)
        for name in given:
            owner = _owner(candidates, name)
            if owner is not None and owner != label:
                yield name, f"belongs to {owner}, and the {choice} here is {label}; leave one of them out"


def _choices(space: SearchSpace) -> tuple[tuple[str, Mapping[str, Branch]], ...]:
    return (OPTIMIZER, space.optimizers), (SCHEDULE, space.schedules)


def _fixed(space: SearchSpace) -> dict[str, Any]:
    """Return what has a single value in this space, by the name of the parameter in other spaces."""
    # Any: a value of any field.
    values: dict[str, Any] = {}
    for choice, candidates in _choices(space):
        if len(candidates) == 1:
            values[choice] = next(iter(candidates))
        for label, candidate in candidates.items():
            values |= {f"{label}.{name}": value for name, value in candidate.fields.items()}
    values |= {BATCH_SIZE: space.batch_size, **space.settings}
    return {name: value for name, value in values.items() if not isinstance(value, Distribution)}


def _listed(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - MAX_LISTED} more" if len(known) > MAX_LISTED else ""
    return ", ".join(known[:MAX_LISTED]) + more if known else "none, since all is fixed"


def _allowed(distribution: Distribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return "one of " + ", ".join(map(repr, distribution.choices))
    step = "" if distribution.step is None or distribution.log else f" in steps of {distribution.step:g}"
    return f"from {distribution.low:g} to {distribution.high:g}{step}"


def _implied(candidates: Mapping[str, Branch], given: Mapping[str, Scalar]) -> str | None:
    """Return the first candidate with a given parameter; None if no candidate has one."""
    owners = (_owner(candidates, name) for name in given)
    return next((owner for owner in owners if owner is not None), None)


def _owner(candidates: Mapping[str, Branch], name: str) -> str | None:
    label, dot, _ = name.rpartition(".")
    return label if dot and label in candidates else None
