"""CMA-ES, whose state is what the stored trials make of it: nothing else is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby
from operator import is_
from typing import ClassVar

import numpy as np
from optuna.distributions import CategoricalDistribution

from app.domain.records import Configuration, FinishedTrial
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.samplers.cma_evolution import Evolution
from app.tuning.samplers.parzen.history import rank_of
from app.tuning.space.distributions import Distribution, given
from app.tuning.space.tree import OPTIMIZER, SCHEDULE, SearchSpace
from app.tuning.space.unit_cube import Floats, coordinates, external

GENERATION = 16
STEP = 0.25  # of every range: the first generation covers most of it
SMALLEST = 4  # of fewer trials there is no covariance to learn; only a job's last round is so small
INSTEAD = "take sampler tpe, which searches any space"
UNRANKED = (3, 0.0, 0.0)  # a failed trial, or one that says nothing


@dataclass(frozen=True)
class Told:
    """The state after some trials, which are whole rounds."""

    trials: Sequence[FinishedTrial]
    state: Evolution

    def precedes(self, past: Sequence[FinishedTrial]) -> bool:
        """Whether the past begins with these very trials, and what follows begins with another round."""
        count = len(self.trials)
        if not 0 < count <= len(past) or not all(map(is_, self.trials, past)):
            return False
        return len(past) == count or past[count].round != self.trials[-1].round


@dataclass(frozen=True, kw_only=True)
class CmaEs(Sampler):
    """A round is a generation. A process tells each once; one that begins anew tells all, at 0.3 ms each."""

    kind = "cmaes"
    reads_past: ClassVar[bool] = True
    reads_all: ClassVar[bool] = True
    generation: ClassVar[int | None] = GENERATION

    def ask(self, ask: Ask) -> list[Configuration]:
        """See the base."""
        distributions = ask.space.distributions()
        before = ask.kept.get(self.kind)
        state = evolved(ask.past, distributions, before if isinstance(before, Told) else None)
        ask.kept[self.kind] = Told(ask.past, state)
        points = state.ask(len(ask.numbers), ask.generator)
        columns = {
            name: external(distribution, points[:, j])
            for j, (name, distribution) in enumerate(distributions.items())
        }
        return [
            ask.space.walk(given({name: column[row] for name, column in columns.items()}))
            for row in range(len(ask.numbers))
        ]

    def unsuited(self, space: SearchSpace) -> Iterator[tuple[str, str]]:
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


def evolved(
    past: Sequence[FinishedTrial], distributions: Mapping[str, Distribution], before: Told | None = None
) -> Evolution:
    """The state after the rounds of the past. before: after the first of them, where that is known."""
    if before is None or not before.precedes(past):
        before = Told((), _begun(past, distributions))
    state, rest = before.state, past[len(before.trials) :]
    ranked = [(trial, rank_of(trial) or UNRANKED) for trial in rest if trial.round >= 0]
    for _, generation in groupby(ranked, key=lambda found: found[0].round):
        best_first = sorted(generation, key=lambda found: found[1])
        if len(best_first) >= SMALLEST:
            state = state.tell(_points([trial for trial, _ in best_first], distributions))
    return state


def _begun(past: Sequence[FinishedTrial], distributions: Mapping[str, Distribution]) -> Evolution:
    """Before the first generation: at the best trial of other jobs, or in the middle."""
    others = [trial for trial in past if trial.round < 0 and distributions.keys() <= _names(trial)]
    if not others:
        return Evolution.initial(np.full(len(distributions), 0.5), STEP)
    best = min(others, key=lambda trial: rank_of(trial) or UNRANKED)
    return Evolution.initial(_points([best], distributions)[0], STEP)


def _points(trials: Sequence[FinishedTrial], distributions: Mapping[str, Distribution]) -> Floats:
    """(trials, parameters)."""
    columns = [
        coordinates(distribution, [trial.configuration.params[name] for trial in trials])
        for name, distribution in distributions.items()
    ]
    return np.stack(columns, axis=1)


def _names(trial: FinishedTrial) -> Set[str]:
    return trial.configuration.params.keys()
