"""CMA-ES, whose state is what the stored trials make of it: nothing else is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import numpy as np
from optuna.distributions import CategoricalDistribution

from app.spec.records import Configuration, FinishedTrial
from app.tuning.coordinates import Floats, coordinates, external
from app.tuning.distributions import Distribution, given
from app.tuning.evolution import Evolution
from app.tuning.parzen.history import rank_of
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.space import OPTIMIZER, SCHEDULE, Space

GENERATION = 16
STEP = 0.25  # of every range: the first generation covers most of it
SMALLEST = 4  # of fewer trials there is no covariance to learn; only a job's last round is so small
INSTEAD = "take sampler tpe, which searches any space"
UNRANKED = (3, 0.0, 0.0)  # a failed trial, or one that says nothing


@dataclass(frozen=True, kw_only=True)
class CmaEs(Sampler):
    """A round is a generation. Those before are told anew for every round, which takes 0.3 ms each."""

    kind = "cmaes"
    reads_past: ClassVar[bool] = True
    reads_all: ClassVar[bool] = True
    generation: ClassVar[int | None] = GENERATION

    def ask(self, ask: Ask) -> list[Configuration]:
        """See the base."""
        distributions = ask.space.distributions()
        state = evolved(ask.past, distributions)
        points = state.drawn(len(ask.numbers), ask.generator)
        columns = {
            name: external(distribution, points[:, j])
            for j, (name, distribution) in enumerate(distributions.items())
        }
        return [
            ask.space.walk(given({name: column[row] for name, column in columns.items()}))
            for row in range(len(ask.numbers))
        ]

    def unsuited(self, space: Space) -> Iterator[tuple[str, str]]:
        """Choices, of kinds too, and a space of fewer than two numbers, which has no covariance."""
        for name, candidates in ((OPTIMIZER, space.optimizers), (SCHEDULE, space.schedules)):
            if len(candidates) > 1:
                found = f"cmaes searches the parameters of one {name}, got {len(candidates)}"
                yield f"/search_space/{name}s", f"{found}; list one, or {INSTEAD}"
        numbers = 0
        for pointer, distribution in space.pointers():
            if isinstance(distribution, CategoricalDistribution):
                found = f"cmaes searches numbers, got {len(distribution.choices)} choices"
                yield pointer, f"{found}; give one value or a range, or {INSTEAD}"
            else:
                numbers += 1
        if numbers < 2:
            yield "/search_space", f"cmaes needs two ranges or more, got {numbers}; add a range, or {INSTEAD}"


def evolved(past: Sequence[FinishedTrial], distributions: Mapping[str, Distribution]) -> Evolution:
    """The state after the rounds of the past. It begins at the best trial of other jobs, or in the middle."""
    ranked = [(trial, rank_of(trial) or UNRANKED) for trial in past]
    others = [(trial, rank) for trial, rank in ranked if trial.round < 0 and _is_whole(trial, distributions)]
    mean = np.full(len(distributions), 0.5)
    if others:
        mean = _points([min(others, key=lambda found: found[1])[0]], distributions)[0]
    state = Evolution.begun(mean, STEP)
    own = [(trial, rank) for trial, rank in ranked if trial.round >= 0]
    for _, generation in groupby(own, key=lambda found: found[0].round):
        best_first = sorted(generation, key=lambda found: found[1])
        if len(best_first) >= SMALLEST:
            state = state.told(_points([trial for trial, _ in best_first], distributions))
    return state


def _points(trials: Sequence[FinishedTrial], distributions: Mapping[str, Distribution]) -> Floats:
    """(trials, parameters)."""
    columns = [
        coordinates(distribution, [trial.configuration.params[name] for trial in trials])
        for name, distribution in distributions.items()
    ]
    return np.stack(columns, axis=1)


def _is_whole(trial: FinishedTrial, distributions: Mapping[str, Distribution]) -> bool:
    return distributions.keys() <= trial.configuration.params.keys()
