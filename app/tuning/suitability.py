"""Which spaces a sampler can search: CMA-ES needs numbers alone, and a grid needs ends."""

from __future__ import annotations

from collections.abc import Iterator

from optuna.distributions import CategoricalDistribution

from app.spec.job import JobSpec
from app.tuning.distributions import Distribution
from app.tuning.samplers import effective_sampler
from app.tuning.space import BATCH_SIZE, OPTIMIZER, SCHEDULE, Space

INSTEAD = "take sampler tpe, which searches any space"


def check_suitable(spec: JobSpec) -> list[tuple[str, str]]:
    """What of the space the job's sampler cannot search: (JSON pointer, message with the way out)."""
    kind, space = effective_sampler(spec), Space.of(spec)
    if kind == "grid":
        return list(_endless(space))
    return list(_beyond_numbers(space)) if kind == "cmaes" else []


def _endless(space: Space) -> Iterator[tuple[str, str]]:
    for pointer, distribution in _pointers(space):
        if not isinstance(distribution, CategoricalDistribution) and distribution.step is None:
            low, high = distribution.low, distribution.high
            yield (
                pointer,
                f"a grid needs a step or choices, got the range from {low:g} to {high:g}; give a step (of a "
                "linear range) or choices, or take sampler qmc, which spreads trials over ranges",
            )


def _beyond_numbers(space: Space) -> Iterator[tuple[str, str]]:
    for name, candidates in ((OPTIMIZER, space.optimizers), (SCHEDULE, space.schedules)):
        if len(candidates) > 1:
            yield (
                f"/search_space/{name}s",
                f"cmaes searches the parameters of one {name}, got {len(candidates)}; list one, or {INSTEAD}",
            )
    numbers = 0
    for pointer, distribution in _pointers(space):
        if isinstance(distribution, CategoricalDistribution):
            count = len(distribution.choices)
            yield (
                pointer,
                f"cmaes searches numbers, got {count} choices; give one value or a range, or {INSTEAD}",
            )
        else:
            numbers += 1
    if numbers < 2:
        yield "/search_space", f"cmaes needs two ranges or more, got {numbers}; add a range, or {INSTEAD}"


def _pointers(space: Space) -> Iterator[tuple[str, Distribution]]:
    """Every searched parameter with its place in the job."""
    for noun, candidates in (("optimizers", space.optimizers), ("schedules", space.schedules)):
        for i, candidate in enumerate(candidates.values()):
            for field, value in candidate.fields.items():
                if isinstance(value, Distribution):
                    yield f"/search_space/{noun}/{i}/{field}", value
    if isinstance(space.batch_size, CategoricalDistribution):
        yield f"/search_space/{BATCH_SIZE}", space.batch_size
    for name, value in space.settings.items():
        if isinstance(value, Distribution):
            yield f"/objective/{name.replace('.', '/')}", value
