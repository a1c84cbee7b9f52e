"""The check that the sampler of a job can search its space."""

from __future__ import annotations

from app.spec.job import JobSpec
from app.tuning.samplers import sampler_of
from app.tuning.space.tree import SearchSpace


def check_suitable(spec: JobSpec) -> list[tuple[str, str]]:
    """Return the parts of the space that the sampler cannot search: (JSON pointer, message)."""
    return list(sampler_of(spec).unsuited(SearchSpace.of(spec)))
