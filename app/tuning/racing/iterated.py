"""Iterated racing: the best of a race meet new configurations made of them, generation after generation.

The search judges a trial on few seeds and has few trials near its best. Here every step is judged on many
seeds that all share, so it may be small.

Source: Lopez-Ibanez et al. 2016, "The irace package: iterated racing for automatic algorithm configuration",
doi:10.1016/j.orp.2016.09.002, section 3: parents by rank, numbers around theirs, choices mostly kept, and
what a parent gave is not run again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np

from app.domain.records import Configuration
from app.engine.schedules.loss_driven import LossDriven
from app.engine.seeds import Purpose, stream
from app.spec.job import JobSpec
from app.tuning.evaluation.requests import Seeds, Steps, replicates_of
from app.tuning.racing.candidates import RaceCandidate, describe, kind_of, kinds, runs_alike
from app.tuning.racing.elimination import LEAST, SPANS, Standing, eliminate, most_raced
from app.tuning.racing.perturbations import Crossings, moved, stay, step
from app.tuning.space.tree import OPTIMIZER, SearchSpace

# Of each generation: the standard deviation of a step from a parent's number, in parts of the range.
SPREADS = (0.15, 0.15, 0.08)
FINALISTS = 4  # survivors of a race that are parents, and meet the schedules made for their leader
OFFSPRING = 4  # new ones a generation at most, for each that `confirmation.top` has
LOOKS = (SPANS[0] / 2.0, *SPANS)  # most of many new ones are bad, and few seeds show it

_ATTEMPTS = 4  # draws for each that is wanted: some are the parent again


def race_neighbours(spec: JobSpec, race: Standing) -> Steps[Standing]:
    """Each generation races the best of the one before and its litter, for as much as the first race took.

    All generations have the same seeds: what a parent gave there stands, so that only its litter runs.
    Returns the last standing; that of the race where nothing can be drawn.
    """
    assert spec.confirmation is not None
    standing, top = race, spec.confirmation.top
    before: list[Standing] = []
    crossings = Crossings(stream(spec.seed, Purpose.CROSSINGS, 0))
    for generation, spread in enumerate(SPREADS):
        best = parents(spec, standing, is_first=not before)
        known = [entry for earlier in before for entry in earlier.entries]
        new = offspring(spec, best, known, generation, spread, crossings)
        if not new:
            break
        standing = yield from eliminate(spec, [*best, *new], Seeds.NEIGHBOURS, top, before, LOOKS)
        before.append(standing)
    return standing


def most_neighbour_runs(spec: JobSpec, replicates: int) -> int:
    """The most runs of all generations."""
    assert spec.confirmation is not None
    entries = FINALISTS + len(kinds(spec)) + most_new(spec)
    return len(SPREADS) * most_raced(replicates, entries, spec.confirmation.top)


def most_new(spec: JobSpec) -> int:
    """How many new ones a generation has: where there are few seeds, so few that half of the runs are left.

    They have two seeds each at least, out of `top` times the replicates.
    """
    assert spec.confirmation is not None
    top, replicates = spec.confirmation.top, replicates_of(spec)
    return (
        OFFSPRING * top
        if replicates == 1
        else min(OFFSPRING * top, max(top, top * replicates // (2 * LEAST)))
    )


def parents(spec: JobSpec, race: Standing, *, is_first: bool) -> list[RaceCandidate]:
    """The best survivors and the best of each other kind of optimizer in the space, by their means.

    Survivors are often of one kind, of which several are good. Another kind that has one good setting may
    win once that is found: at first all have the chance, later those that may still win.
    """
    entries, survivors = race.entries, list(race.survivors[:FINALISTS])
    there = {kind_of(entries[row].configuration) for row in survivors}
    others: list[int] = []
    for kind in (kind for kind in kinds(spec) if kind not in there):
        rows = [
            row
            for row, entry in enumerate(entries)
            if kind_of(entry.configuration) == kind
            and entry.is_eligible
            and (race.may_win(row) or (is_first and not math.isnan(race.behind(row))))
        ]
        others += sorted(rows, key=race.behind)[:1]
    return [entries[row] for row in (*survivors, *sorted(others, key=race.behind))]


def offspring(
    spec: JobSpec,
    parents: Sequence[RaceCandidate],
    known: Sequence[RaceCandidate],
    generation: int,
    spread: float,
    crossings: Crossings,
) -> list[RaceCandidate]:
    """New configurations: in turn a parent with one value from anywhere in its range, and one near a parent.

    Of the first, the best parent of each kind in the space has one in turn. Of the second, the k-th best has
    a share proportional to 1/k. There are fewer than `most_new` where few can differ from each other, the
    parents and the known ones. None has a schedule that follows the losses: what such a one takes is read
    from the curve of a trial.
    """
    count = most_new(spec)
    space, generator = SearchSpace.of(spec), stream(spec.seed, Purpose.NEIGHBOURS, generation)
    shares = 1.0 / np.arange(1, len(parents) + 1)
    chosen = generator.choice(len(parents), size=_ATTEMPTS * count, p=shares / shares.sum())
    firsts = [
        (parent, moved(space, parent.configuration, stay, generator)) for parent in _firsts(spec, parents)
    ]
    crossing = cycle(firsts)
    found: list[RaceCandidate] = []
    for attempt, i in enumerate(chosen.tolist()):
        if len(found) == count:
            break
        if attempt % 2:
            parent, move = parents[i], step(spread, generator)
            own = parent.configuration
        else:
            parent, own = next(crossing)
            move = crossings.next([name for name in own.params if name != OPTIMIZER])
        new = _beside(parent, moved(space, own, move, generator))
        follows_losses = isinstance(new.configuration.schedule_instance(), LossDriven)
        if not follows_losses and not any(runs_alike(new, other) for other in (*parents, *known, *found)):
            found.append(new)
    return found


def _firsts(spec: JobSpec, parents: Sequence[RaceCandidate]) -> list[RaceCandidate]:
    """The best parent of each kind in the space; the best of all where there is none."""
    found: dict[str, RaceCandidate] = {}
    for parent in parents:
        found.setdefault(kind_of(parent.configuration), parent)
    return [entry for kind, entry in found.items() if kind in kinds(spec)] or [parents[0]]


def _beside(parent: RaceCandidate, found: Configuration) -> RaceCandidate:
    origin = "a default" if parent.number is None else f"trial {parent.number}"
    label = f"variant of {origin}: {describe(found)}"
    return RaceCandidate(label=label, configuration=found, source="search", number=parent.number)
