"""A batch of proposals from a model that is built once; candidates are drawn and scored as arrays."""

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

STARTUP = 16  # fewest trials of a model; a model of fewer, spread over several optimizers, is noise


class _Unknown(Exception):
    """The signal that a walk has come to a parameter without a value."""

    def __init__(self, name: str) -> None:
        self.name = name


def propose(history: History, count: int, walk: Walk[T], generator: np.random.Generator) -> list[T]:
    """Return the result of the walk for each of `count` proposals.

    walk: goes through a space and picks one parameter after another. The walk is repeated as values become
    known: first for the parameters that every trial has, then for the parameters that depend on their values.
    """
    columns = _columns(history)
    values: list[dict[str, Scalar]] = [{} for _ in range(count)]
    results: dict[int, T] = {}
    while len(results) < count:
        missing: dict[str, list[int]] = {}
        for i in range(count):
            if i not in results:
                try:
                    results[i] = walk(_pick_known(values[i]))
                except _Unknown as unknown:
                    missing.setdefault(unknown.name, []).append(i)
        for name, rows in sorted(missing.items()):
            for parameter, drawn in draw(history, columns[name], len(rows), generator).items():
                for i, value in zip(rows, drawn, strict=True):
                    values[i][parameter] = value
    return [results[i] for i in range(count)]


def draw(
    history: History, columns: Sequence[int], count: int, generator: np.random.Generator
) -> dict[str, list[Scalar]]:
    """Draw `count` values for each parameter of a group, by name."""
    names = [list(history.distributions)[j] for j in columns]
    distributions = [history.distributions[name] for name in names]
    if is_modelled(history, columns):
        good, bad = history.split(columns)
        points = picks(Group.of(distributions), good, bad, count, generator)
    else:
        points = np.stack([_spread(distribution, count, generator) for distribution in distributions], axis=1)
    return {
        name: external(distribution, points[:, k])
        for k, (name, distribution) in enumerate(zip(names, distributions, strict=True))
    }


def is_modelled(history: History, columns: Sequence[int]) -> bool:
    """Return whether the history has STARTUP trials or more, and a trial with these parameters."""
    return len(history.points) >= STARTUP and not np.isnan(history.points[:, columns[0]]).all()


def _spread(distribution: Distribution, count: int, generator: np.random.Generator) -> Floats:
    """Draw a value from each of `count` equal parts of the range: a Latin hypercube (McKay et al. 1979)."""
    return at_quantile(distribution, (generator.permutation(count) + generator.random(count)) / count)


def _columns(history: History) -> dict[str, list[int]]:
    """Return the columns of each parameter's group; a parameter that no trial has is alone in its group."""
    names = list(history.distributions)
    groups = {names[j]: group for group in history.groups() for j in group}
    return {name: groups.get(name, [j]) for j, name in enumerate(names)}


def _pick_known(values: dict[str, Scalar]) -> Pick:
    """Return a pick of known values, which raises _Unknown for any other parameter."""

    def pick(name: str, _distribution: Distribution) -> Scalar:
        if name not in values:
            raise _Unknown(name)
        return values[name]

    return pick
