"""CMA-ES, whose state is computed from the stored trials; no other state is stored."""

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

GENERATION = 16  # trials of a round
INITIAL_STEP = 0.25  # standard deviation, as a share of every range: the first generation covers most of it
MIN_GENERATION = 4  # fewest trials that say something about a covariance; only a job's last round has fewer
WAY_OUT = "take sampler tpe, which searches any space"
LAST_RANK = (3, 0.0, 0.0)  # rank of a failed trial, which says nothing about its configuration


@dataclass(frozen=True)
class KnownState:
    """A state of CMA-ES that is kept for the next round.

    trials: the trials of whole rounds from which the state follows.
    """

    trials: Sequence[FinishedTrial]
    state: Evolution

    def precedes(self, past: Sequence[FinishedTrial]) -> bool:
        """Return whether `past` begins with these trials, by identity, up to the end of a round."""
        count = len(self.trials)
        if not 0 < count <= len(past) or not all(map(is_, self.trials, past)):
            return False
        return len(past) == count or past[count].round != self.trials[-1].round


@dataclass(frozen=True, kw_only=True)
class CmaEs(Sampler):
    """CMA-ES: a round is a generation.

    A process adds each generation to its state once. A new process adds all of them, at 0.3 ms each.
    """

    kind = "cmaes"
    reads_past: ClassVar[bool] = True
    reads_all: ClassVar[bool] = True
    generation: ClassVar[int | None] = GENERATION

    def ask(self, ask: Ask) -> list[Configuration]:
        """Return a generation of the state after all past rounds."""
        distributions = ask.space.distributions()
        before = ask.kept.get(self.kind)
        state = evolved_state(ask.past, distributions, before if isinstance(before, KnownState) else None)
        ask.kept[self.kind] = KnownState(ask.past, state)
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
        """Yield choices, of kinds too, and a space of fewer than two numbers, which has no covariance."""
        for name, candidates in ((OPTIMIZER, space.optimizers), (SCHEDULE, space.schedules)):
            if len(candidates) > 1:
                problem = f"cmaes searches the parameters of one {name}, got {len(candidates)}"
                yield f"/search_space/{name}s", f"{problem}; list one, or {WAY_OUT}"
        numbers = 0
        for pointer, distribution in space.pointers():
            if isinstance(distribution, CategoricalDistribution):
                problem = f"cmaes searches numbers, got {len(distribution.choices)} choices"
                yield pointer, f"{problem}; give one value or a range, or {WAY_OUT}"
            else:
                numbers += 1
        if numbers < 2:
            yield "/search_space", f"cmaes needs two ranges or more, got {numbers}; add a range, or {WAY_OUT}"


def evolved_state(
    past: Sequence[FinishedTrial], distributions: Mapping[str, Distribution], before: KnownState | None = None
) -> Evolution:
    """Return the state after all past rounds. before: the state after the first of these rounds, if known."""
    if before is None or not before.precedes(past):
        before = KnownState((), _initial_state(past, distributions))
    state, rest = before.state, past[len(before.trials) :]
    ranked = [(trial, rank_of(trial) or LAST_RANK) for trial in rest if trial.round >= 0]
    for _, generation in groupby(ranked, key=lambda pair: pair[0].round):
        best_first = sorted(generation, key=lambda pair: pair[1])
        if len(best_first) >= MIN_GENERATION:
            state = state.tell(_points([trial for trial, _ in best_first], distributions))
    return state


def _initial_state(past: Sequence[FinishedTrial], distributions: Mapping[str, Distribution]) -> Evolution:
    """Return the state before the first generation: at the best trial of other jobs, or in the middle."""
    others = [trial for trial in past if trial.round < 0 and distributions.keys() <= _names(trial)]
    if not others:
        return Evolution.initial(np.full(len(distributions), 0.5), INITIAL_STEP)
    best = min(others, key=lambda trial: rank_of(trial) or LAST_RANK)
    return Evolution.initial(_points([best], distributions)[0], INITIAL_STEP)


def _points(trials: Sequence[FinishedTrial], distributions: Mapping[str, Distribution]) -> Floats:
    """Return the coordinates of the trials: (trials, parameters)."""
    columns = [
        coordinates(distribution, [trial.configuration.params[name] for trial in trials])
        for name, distribution in distributions.items()
    ]
    return np.stack(columns, axis=1)


def _names(trial: FinishedTrial) -> Set[str]:
    return trial.configuration.params.keys()
