"""Moves from a configuration to another of its space: everything a little, or one value anywhere."""

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

KEPT = 0.8  # the probability that a choice stays where everything moves

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0

# A parameter's name, its distribution and the value it had, to the one it has.
Move: TypeAlias = Callable[[str, Distribution, Scalar], Scalar]


def moved(
    space: SearchSpace, origin: Configuration, move: Move, generator: np.random.Generator
) -> Configuration:
    """The configuration that the move makes of another one.

    A parameter finds its value by its name or, of another kind of optimizer or schedule, by its field. Where
    there is none within its range it is drawn.
    """
    known = _values(origin)

    def pick(name: str, distribution: Distribution) -> Scalar:
        value = known.get(name, known.get(name.rpartition(".")[2]))
        if value is None or np.isnan(coordinates(distribution, [value])[0]):
            return uniform(distribution, generator)
        return move(name, distribution, value)

    return space.walk(pick)


def stay(name: str, distribution: Distribution, value: Scalar) -> Scalar:
    """The value itself; of another grid the nearest."""
    held = matching(distribution, value)
    return external(distribution, coordinates(distribution, [value]))[0] if held is None else held


def step(spread: float, generator: np.random.Generator) -> Move:
    """Every number a normal step away, turned back at the edges, and choices mostly kept.

    spread: the standard deviation, in parts of the range, on its scale.
    """

    def move(name: str, distribution: Distribution, value: Scalar) -> Scalar:
        if isinstance(distribution, CategoricalDistribution):
            return value if generator.random() < KEPT else uniform(distribution, generator)
        at = coordinates(distribution, [value]) + spread * generator.standard_normal()
        return external(distribution, Scale(distribution).snapped(_reflected(at)))[0]

    return move


class Crossings:
    """Moves of one parameter to anywhere in its range; parameters take turns.

    The positions of a parameter are spread evenly however many there will be: each is a golden section of
    the range after the last one.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._last: dict[str, float] = {}
        self._count: Counter[str] = Counter()

    def next(self, names: Sequence[str]) -> Move:
        """Moves the one of these parameters that has moved least often; where there is none, nothing."""
        if not names:
            return stay
        chosen = min(names, key=lambda name: self._count[name])
        last = self._last.get(chosen)
        position = self._generator.random() if last is None else (last + _GOLDEN) % 1.0
        self._last[chosen] = position
        self._count[chosen] += 1

        def move(name: str, distribution: Distribution, value: Scalar) -> Scalar:
            if name != chosen:
                return stay(name, distribution, value)
            return external(distribution, at_quantile(distribution, np.array([position])))[0]

        return move


def _values(configuration: Configuration) -> dict[str, Any]:
    """Every value by the name of its parameter and of its field."""
    fields = {**configuration.schedule, **configuration.optimizer}
    kinds = {OPTIMIZER: configuration.optimizer["kind"], SCHEDULE: configuration.schedule["kind"]}
    whole = {BATCH_SIZE: configuration.batch_size, **configuration.settings}
    return {**fields, **kinds, **whole, **configuration.params}


def _reflected(positions: Floats) -> Floats:
    """Coordinates that stepped over an edge come back as far."""
    found: Floats = np.clip(np.where(positions > 1.0, 2.0 - positions, np.abs(positions)), 0.0, 1.0)
    return found
