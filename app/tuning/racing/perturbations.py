"""Moves from a configuration to another: local moves of all parameters, global moves of one parameter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from optuna.distributions import CategoricalDistribution

from app.domain.records import Configuration
from app.spec.values import Scalar
from app.tuning.space.distributions import Distribution, matching
from app.tuning.space.tree import BATCH_SIZE, OPTIMIZER, SCHEDULE, SearchSpace
from app.tuning.space.unit_cube import Floats, Scale, at_quantile, coordinates, external, uniform

KEEP_PROBABILITY = 0.8  # probability that a local move keeps a choice

_GOLDEN_SECTION = (math.sqrt(5.0) - 1.0) / 2.0

# From a parameter's name, its distribution and its old value to its new value.
Move: TypeAlias = Callable[[str, Distribution, Scalar], Scalar]


def apply_move(
    space: SearchSpace, origin: Configuration, move: Move, generator: np.random.Generator
) -> Configuration:
    """Return the configuration of the search space that a move makes of another configuration.

    The old value of a parameter is looked up by name. For another kind of optimizer or schedule the value is
    looked up by field. A parameter without an old value in its range is drawn at random.
    """
    known = _values(origin)

    def pick(name: str, distribution: Distribution) -> Scalar:
        value = known.get(name, known.get(name.rpartition(".")[2]))
        if value is None or np.isnan(coordinates(distribution, [value])[0]):
            return uniform(distribution, generator)
        return move(name, distribution, value)

    return space.walk(pick)


def keep_value(_name: str, distribution: Distribution, value: Scalar) -> Scalar:
    """Return the old value, or the nearest value if the distribution has another grid."""
    kept = matching(distribution, value)
    return external(distribution, coordinates(distribution, [value]))[0] if kept is None else kept


def local_move(spread: float, generator: np.random.Generator) -> Move:
    """Return a move that adds a normal step to each number, reflected at the edges, and keeps most choices.

    spread: the standard deviation, as a share of the range, on its scale.
    """

    def move(_name: str, distribution: Distribution, value: Scalar) -> Scalar:
        if isinstance(distribution, CategoricalDistribution):
            return value if generator.random() < KEEP_PROBABILITY else uniform(distribution, generator)
        at = coordinates(distribution, [value]) + spread * generator.standard_normal()
        return external(distribution, Scale(distribution).snapped(_reflected(at)))[0]

    return move


class GlobalMoves:
    """Moves of one parameter to anywhere in its range; parameters take turns.

    Each position of a parameter lies a golden section of the range beyond the last position. So any number of
    positions is spread evenly.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._last: dict[str, float] = {}  # the last position of each parameter, from 0 to 1
        self._count: Counter[str] = Counter()  # the moves of each parameter so far

    def next(self, names: Sequence[str]) -> Move:
        """Return a move of the parameter that has moved least often; of nothing if there are no names."""
        if not names:
            return keep_value
        chosen = min(names, key=lambda name: self._count[name])
        last = self._last.get(chosen)
        position = self._generator.random() if last is None else (last + _GOLDEN_SECTION) % 1.0
        self._last[chosen] = position
        self._count[chosen] += 1

        def move(name: str, distribution: Distribution, value: Scalar) -> Scalar:
            if name != chosen:
                return keep_value(name, distribution, value)
            return external(distribution, at_quantile(distribution, np.array([position])))[0]

        return move


def _values(configuration: Configuration) -> dict[str, Any]:
    """Return every value of a configuration by its parameter's name and by its field."""
    fields = {**configuration.schedule, **configuration.optimizer}
    kinds = {OPTIMIZER: configuration.optimizer["kind"], SCHEDULE: configuration.schedule["kind"]}
    whole = {BATCH_SIZE: configuration.batch_size, **configuration.settings}
    return {**fields, **kinds, **whole, **configuration.params}


def _reflected(positions: Floats) -> Floats:
    """Reflect coordinates at the edges 0 and 1 of the range."""
    reflected: Floats = np.clip(np.where(positions > 1.0, 2.0 - positions, np.abs(positions)), 0.0, 1.0)
    return reflected
