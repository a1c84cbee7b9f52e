"""Grid search: every combination of the space's values once, by the number of the trial."""

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

GOLDEN_SECTION = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, kw_only=True)
class Grid(Sampler):
    """Grid search: trial k has the cell k * stride modulo the number of cells.

    So the first trials are spread over the whole grid. The stride is the first number from the golden section
    of the number of cells on that has no factor in common with it.
    """

    kind = "grid"
    reads_past: ClassVar[bool] = False

    def ask(self, ask: Ask) -> list[Configuration]:
        """Return the configurations of the cells of these numbers."""
        size = cells(ask.space)
        stride = _stride(size)
        values = [_cell(ask.space, number * stride % size) for number in ask.numbers]
        return [ask.space.walk(given(cell)) for cell in values]

    def unsuited(self, space: SearchSpace) -> Iterator[tuple[str, str]]:
        """Yield the ranges without a step, of which every number is a value."""
        for pointer, distribution in space.pointers():
            if not isinstance(distribution, CategoricalDistribution) and distribution.step is None:
                low, high = distribution.low, distribution.high
                yield (
                    pointer,
                    f"a grid needs a step or choices, got the range from {low:g} to {high:g}; give a step "
                    "(of a linear range) or choices, or take sampler qmc, which spreads trials over ranges",
                )

    def most_trials(self, space: SearchSpace) -> int | None:
        """Return the number of cells."""
        return cells(space)


def options(distribution: Distribution) -> int:
    """Return the number of values of a parameter; raise ValueError for a range without a step."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if distribution.step is None:
        raise ValueError("a range without a step has no grid")
    return round((distribution.high - distribution.low) / distribution.step) + 1


def cells(space: SearchSpace) -> int:
    """Return the number of combinations of the space; raise ValueError for a range without a step."""
    return _branch_cells(space.optimizers) * _branch_cells(space.schedules) * _product(_shared(space))


def _cell(space: SearchSpace, index: int) -> dict[str, Scalar]:
    """Return the values of a cell, by name.

    The index is a number of mixed radix with a digit for each parameter; the optimizer has the last digits.
    """
    values: dict[str, Scalar] = {}
    index = _digits(_shared(space), index, values)
    for name, candidates in ((SCHEDULE, space.schedules), (OPTIMIZER, space.optimizers)):
        index, rest = divmod(index, _branch_cells(candidates))
        for label, candidate in candidates.items():
            count = _product(candidate.distributions())
            if rest < count:
                values[name] = label
                _digits(candidate.distributions(), rest, values)
                break
            rest -= count
    return values


def _digits(distributions: Mapping[str, Distribution], index: int, values: dict[str, Scalar]) -> int:
    """Remove a digit of the index for each parameter, store its value, and return the rest of the index."""
    for name, distribution in distributions.items():
        index, place = divmod(index, options(distribution))
        values[name] = _option(distribution, place)
    return index


def _option(distribution: Distribution, place: int) -> Scalar:
    if isinstance(distribution, CategoricalDistribution):
        return external(distribution, np.array([float(place)]))[0]
    assert distribution.step is not None  # `options` refuses a range without a step
    value = distribution.low + place * distribution.step
    return int(value) if isinstance(distribution, IntDistribution) else min(value, distribution.high)


def _product(distributions: Mapping[str, Distribution]) -> int:
    return math.prod(options(distribution) for distribution in distributions.values())


def _branch_cells(candidates: Mapping[str, Branch]) -> int:
    return sum(_product(candidate.distributions()) for candidate in candidates.values())


def _shared(space: SearchSpace) -> dict[str, Distribution]:
    """Return the parameters that every trial has, whatever its optimizer and schedule."""
    shared = {name: value for name, value in space.settings.items() if isinstance(value, Distribution)}
    if isinstance(space.batch_size, CategoricalDistribution):
        return {BATCH_SIZE: space.batch_size, **shared}
    return shared


def _stride(size: int) -> int:
    stride = max(1, round(size * GOLDEN_SECTION))
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride
