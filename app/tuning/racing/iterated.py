"""Iterated racing: in each generation the best candidates of a race meet their offspring.

The search judges a trial on few seeds and has few trials near its best. Iterated racing compares candidates
on many shared seeds, so a step from a parent to its offspring may be small.

Source: Lopez-Ibanez et al. 2016, "The irace package: iterated racing for automatic algorithm configuration",
doi:10.1016/j.orp.2016.09.002, section 3. From there: parents are drawn by rank, numbers lie around those of
the parent, and choices are mostly kept. The results of a parent are not run again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np

from app.domain.records import Configuration
from app.engine.schedules.loss_driven import LossDriven
from app.engine.seeds import Purpose, stream
from app.tuning.evaluation.requests import Seeds, Steps
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import (
    GENERATION_LOOKS,
    MAX_SURVIVING_PARENTS,
    SPREADS,
    max_offspring,
)
from app.tuning.racing.candidates import RaceCandidate, describe, kind_of, runs_alike
from app.tuning.racing.elimination import Standing, eliminate
from app.tuning.racing.perturbations import GlobalMoves, apply_move, keep_value, local_move
from app.tuning.space.tree import OPTIMIZER, SearchSpace

_DRAWS_PER_OFFSPRING = 4  # as some draws repeat a parent


def race_neighbours(plan: Plan, race: Standing) -> Steps[Standing]:
    """Race the best candidates and their offspring in each generation, and return the last standing.

    Each generation has the budget of the first race. All generations share their seeds, so the results of a
    parent stand and only its offspring run. The standing of `race` is returned if no offspring can be drawn.
    """
    standing, top = race, plan.top
    before: list[Standing] = []
    global_moves = GlobalMoves(stream(plan.spec.seed, Purpose.CROSSINGS, 0))
    for generation, spread in enumerate(SPREADS):
        best = parents(plan, standing, is_first=not before)
        known = [candidate for earlier in before for candidate in earlier.candidates]
        new = offspring(plan, best, known, generation, spread, global_moves)
        if not new:
            break
        standing = yield from eliminate(plan, [*best, *new], Seeds.NEIGHBOURS, top, before, GENERATION_LOOKS)
        before.append(standing)
    return standing


def parents(plan: Plan, race: Standing, *, is_first: bool) -> list[RaceCandidate]:
    """Return the parents: the best survivors, then the best of each other kind of optimizer in the space.

    Survivors often share a kind of optimizer. A kind outside the survivors may win once its good setting is
    found. In the first generation each such kind has a parent, later only if its best may still win.
    """
    candidates, survivors = race.candidates, list(race.survivors[:MAX_SURVIVING_PARENTS])
    surviving_kinds = {kind_of(candidates[row].configuration) for row in survivors}
    others: list[int] = []
    for kind in (kind for kind in plan.kinds if kind not in surviving_kinds):
        rows = [
            row
            for row, candidate in enumerate(candidates)
            if kind_of(candidate.configuration) == kind
            and candidate.is_eligible
            and (race.may_win(row) or (is_first and not math.isnan(race.behind(row))))
        ]
        others += sorted(rows, key=race.behind)[:1]
    return [candidates[row] for row in (*survivors, *sorted(others, key=race.behind))]


def offspring(
    plan: Plan,
    parents: Sequence[RaceCandidate],
    known: Sequence[RaceCandidate],
    generation: int,
    spread: float,
    global_moves: GlobalMoves,
) -> list[RaceCandidate]:
    """Draw offspring, alternately by a global move of one parameter and by a local move of all parameters.

    Global moves cycle through the best parent of each kind of optimizer in the search space. Local moves
    start from the k-th best parent with a probability proportional to 1/k. Offspring differ from each other,
    the parents and the known candidates, so there may be fewer than `most_new`.

    No offspring has a schedule that follows the losses: the rates that such a schedule takes are read from
    the trajectory of a trial, and offspring have no trial.
    """
    count = max_offspring(plan.top, plan.replicates)
    space, generator = SearchSpace.of(plan.spec), stream(plan.spec.seed, Purpose.NEIGHBOURS, generation)
    shares = 1.0 / np.arange(1, len(parents) + 1)
    chosen = generator.choice(len(parents), size=_DRAWS_PER_OFFSPRING * count, p=shares / shares.sum())
    # A parent may lie outside the space or off its grid; a global move starts within the space.
    origins = cycle(
        [
            (parent, apply_move(space, parent.configuration, keep_value, generator))
            for parent in _best_of_each_kind(plan, parents)
        ]
    )
    drawn: list[RaceCandidate] = []
    for attempt, i in enumerate(chosen.tolist()):
        if len(drawn) == count:
            break
        if attempt % 2:
            parent, move = parents[i], local_move(spread, generator)
            origin = parent.configuration
        else:
            parent, origin = next(origins)
            move = global_moves.next([name for name in origin.params if name != OPTIMIZER])
        new = _variant(parent, apply_move(space, origin, move, generator))
        follows_losses = isinstance(new.configuration.schedule_instance(), LossDriven)
        if not follows_losses and not any(runs_alike(new, other) for other in (*parents, *known, *drawn)):
            drawn.append(new)
    return drawn


def _best_of_each_kind(plan: Plan, parents: Sequence[RaceCandidate]) -> list[RaceCandidate]:
    """Return the best parent of each kind in the search space; the best of all if no kind is in it."""
    best: dict[str, RaceCandidate] = {}
    for parent in parents:
        best.setdefault(kind_of(parent.configuration), parent)
    return [parent for kind, parent in best.items() if kind in plan.kinds] or [parents[0]]


def _variant(parent: RaceCandidate, configuration: Configuration) -> RaceCandidate:
    origin = "a default" if parent.number is None else f"trial {parent.number}"
    label = f"variant of {origin}: {describe(configuration)}"
    return RaceCandidate(label=label, configuration=configuration, source="search", number=parent.number)
