"""A batch of proposals: what it shares is built once, and every candidate is drawn and scored as arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np

from app.spec.values import Scalar
from app.tuning.samplers.parzen.constant_liar import picks
from app.tuning.samplers.parzen.estimator import Group
from app.tuning.samplers.parzen.history import History
from app.tuning.space.distributions import Distribution, Pick
from app.tuning.space.unit_cube import Floats, at_quantile, external

T = TypeVar("T")
Walk: TypeAlias = Callable[[Pick], T]

STARTUP = 16  # trials; a model of fewer, spread over several optimizers, is noise


class _Unknown(Exception):
    """A walk has come to a parameter that has no value yet."""

    def __init__(self, name: str) -> None:
        self.name = name


def propose(history: History, count: int, walk: Walk[T], generator: np.random.Generator) -> list[T]:
    """What the walk makes of each of `count` proposals.

    walk: goes through a space, asking for one parameter after another, and is called again as values become
    known: first for the parameters that every trial has, then for those that hang on what these are.
    """
    columns = _columns(history)
    values: list[dict[str, Scalar]] = [{} for _ in range(count)]
    found: dict[int, T] = {}
    while len(found) < count:
        wanted: dict[str, list[int]] = {}
        for i in range(count):
            if i not in found:
                try:
                    found[i] = walk(_known(values[i]))
                except _Unknown as unknown:
                    wanted.setdefault(unknown.name, []).append(i)
        for name, rows in sorted(wanted.items()):
            for own, drawn in draw(history, columns[name], len(rows), generator).items():
                for i, value in zip(rows, drawn, strict=True):
                    values[i][own] = value
    return [found[i] for i in range(count)]


def draw(
    history: History, columns: Sequence[int], count: int, generator: np.random.Generator
) -> dict[str, list[Scalar]]:
    """`count` values for each parameter of a group, by name."""
    names = [list(history.distributions)[j] for j in columns]
    distributions = [history.distributions[name] for name in names]
    if is_modelled(history, columns):
        good, bad = history.split(columns)
        points = picks(Group.of(distributions), good, bad, count, generator)
    else:
        points = np.stack([_spread(found, count, generator) for found in distributions], axis=1)
    return {
        name: external(found, points[:, k])
        for k, (name, found) in enumerate(zip(names, distributions, strict=True))
    }


def is_modelled(history: History, columns: Sequence[int]) -> bool:
    """Whether there are trials enough, and some with these parameters."""
    return len(history.points) >= STARTUP and not np.isnan(history.points[:, columns[0]]).all()


def _spread(distribution: Distribution, count: int, generator: np.random.Generator) -> Floats:
    """A value from each of `count` equal parts of the range: a Latin hypercube (McKay et al. 1979)."""
    return at_quantile(distribution, (generator.permutation(count) + generator.random(count)) / count)


def _columns(history: History) -> dict[str, list[int]]:
    """The group of each parameter; one that no trial has is a group of its own."""
    names = list(history.distributions)
    found = {names[j]: group for group in history.groups() for j in group}
    return {name: found.get(name, [j]) for j, name in enumerate(names)}


def _known(values: dict[str, Scalar]) -> Pick:
    def pick(name: str, distribution: Distribution) -> Scalar:
        if name not in values:
            raise _Unknown(name)
        return values[name]

    return pick
