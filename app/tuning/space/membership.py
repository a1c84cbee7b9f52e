"""Membership of configurations in the search space of a job, and of its optimizers in the default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.tuning.space.distributions import Distribution, matching
from app.tuning.space.tree import Branch, SearchSpace


def contains(spec: JobSpec, configuration: Configuration) -> bool:
    """Return whether optimizer and schedule are candidates of the space, with every value in its range.

    Batch size and settings of the objective are not compared: only trials of the job have any.
    """
    space = SearchSpace.of(spec)
    return _is_among(space.optimizers.values(), configuration.optimizer) and _is_among(
        space.schedules.values(), configuration.schedule
    )


def names_optimizers(spec: JobSpec) -> bool:
    """Return whether the job's optimizers differ from the default optimizers for its objective."""
    objective = spec.objective.model_dump(mode="json")
    default = JobSpec.model_validate({"objective": objective}).search_space.optimizers
    return spec.search_space.optimizers != default


def _is_among(candidates: Iterable[Branch], values: Mapping[str, Any]) -> bool:
    # Any: a value of a hyperparameter.
    return any(
        candidate.kind == values["kind"]
        and all(_allows(field, values[name]) for name, field in candidate.fields.items())
        for candidate in candidates
    )


def _allows(field: object, value: object) -> bool:
    """Return whether a field of a candidate, a distribution or a single value, can have this value."""
    if isinstance(field, Distribution):
        return matching(field, value) is not None
    return bool(field == value)
