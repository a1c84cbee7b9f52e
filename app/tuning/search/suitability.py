"""Whether the sampler of a job can search its space."""

from __future__ import annotations

from app.spec.job import JobSpec
from app.tuning.samplers import sampler_of
from app.tuning.space.tree import SearchSpace


def check_suitable(spec: JobSpec) -> list[tuple[str, str]]:
    """What of the space the job's sampler cannot search: (JSON pointer, message with the way out)."""
    return list(sampler_of(spec).unsuited(SearchSpace.of(spec)))
