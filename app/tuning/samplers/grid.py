"""Every combination of the space's values once, by the number of the trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from optuna.distributions import CategoricalDistribution, IntDistribution

from app.domain.records import Configuration
from app.spec.values import Scalar
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.space.distributions import Distribution, given
from app.tuning.space.tree import BATCH_SIZE, OPTIMIZER, SCHEDULE, Branch, SearchSpace
from app.tuning.space.unit_cube import external

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, kw_only=True)
class Grid(Sampler):
    """Trial k has cell k * stride modulo the number of cells, so that a part of a grid is spread over it.

    The stride is the number next to the golden section of the cells that has no factor in common with them.
    """

    kind = "grid"
    reads_past: ClassVar[bool] = False

    def ask(self, ask: Ask) -> list[Configuration]:
        """See the base."""
        size = cells(ask.space)
        stride = _stride(size)
        found = [_cell(ask.space, number * stride % size) for number in ask.numbers]
        return [ask.space.walk(given(own)) for own in found]

    def unsuited(self, space: SearchSpace) -> Iterator[tuple[str, str]]:
        """Ranges without a step, whose every number is a value."""
        for pointer, distribution in space.pointers():
            if not isinstance(distribution, CategoricalDistribution) and distribution.step is None:
                low, high = distribution.low, distribution.high
                yield (
                    pointer,
                    f"a grid needs a step or choices, got the range from {low:g} to {high:g}; give a step "
                    "(of a linear range) or choices, or take sampler qmc, which spreads trials over ranges",
                )

    def most_trials(self, space: SearchSpace) -> int | None:
        """The cells."""
        return cells(space)


def options(distribution: Distribution) -> int:
    """How many values a parameter has. Raises ValueError where every number of a range is one."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if distribution.step is None:
        raise ValueError("a range without a step has no grid")
    return round((distribution.high - distribution.low) / distribution.step) + 1


def cells(space: SearchSpace) -> int:
    """How many combinations the space has. Raises ValueError as `options`."""
    shared = math.prod(options(found) for found in _shared(space).values())
    return _of_kind(space.optimizers) * _of_kind(space.schedules) * shared


def _cell(space: SearchSpace, index: int) -> dict[str, Scalar]:
    """The values of the cell of that index, by name; mixed radix, the optimizer's digits last."""
    values: dict[str, Scalar] = {}
    index = _digits(_shared(space), index, values)
    for name, candidates in ((SCHEDULE, space.schedules), (OPTIMIZER, space.optimizers)):
        index, own = divmod(index, _of_kind(candidates))
        for label, candidate in candidates.items():
            count = math.prod(options(found) for found in candidate.distributions().values())
            if own < count:
                values[name] = label
                _digits(candidate.distributions(), own, values)
                break
            own -= count
    return values


def _digits(distributions: Mapping[str, Distribution], index: int, values: dict[str, Scalar]) -> int:
    """Takes a digit off the index for each parameter, and gives what is left."""
    for name, distribution in distributions.items():
        index, place = divmod(index, options(distribution))
        values[name] = _option(distribution, place)
    return index


def _option(distribution: Distribution, place: int) -> Scalar:
    if isinstance(distribution, CategoricalDistribution):
        return external(distribution, np.array([float(place)]))[0]
    assert distribution.step is not None  # such a range has no options
    value = distribution.low + place * distribution.step
    return int(value) if isinstance(distribution, IntDistribution) else min(value, distribution.high)


def _of_kind(candidates: Mapping[str, Branch]) -> int:
    return sum(
        math.prod(options(found) for found in candidate.distributions().values())
        for candidate in candidates.values()
    )


def _shared(space: SearchSpace) -> dict[str, Distribution]:
    """What every trial has, whatever its optimizer and schedule."""
    found: dict[str, Distribution] = {}
    if isinstance(space.batch_size, CategoricalDistribution):
        found[BATCH_SIZE] = space.batch_size
    return found | {name: value for name, value in space.settings.items() if isinstance(value, Distribution)}


def _stride(size: int) -> int:
    stride = max(1, round(size * GOLDEN))
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride
