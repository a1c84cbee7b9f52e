"""Iterated racing: the best of a race meet new configurations near them, generation after generation.

The search judges a trial on few seeds and has few trials near its best. Here every step is judged on many
seeds that all share, so it may be small.

Source: Lopez-Ibanez et al. 2016, "The irace package: iterated racing for automatic algorithm configuration",
doi:10.1016/j.orp.2016.09.002, section 3: parents by rank, numbers around theirs, choices mostly kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution

from app.engine.schedules.loss_driven import LossDriven
from app.engine.seeds import Purpose, stream
from app.spec.job import JobSpec
from app.spec.records import Configuration
from app.spec.values import Scalar
from app.tuning.coordinates import Floats, Scale, coordinates, external, uniform
from app.tuning.course import FINALISTS
from app.tuning.distributions import Distribution, Pick
from app.tuning.elimination import Standing, eliminate, most_raced
from app.tuning.field import Entry, describe, runs_alike
from app.tuning.heats import Seeds, Steps
from app.tuning.space import BATCH_SIZE, OPTIMIZER, SCHEDULE, Space

# Of each generation: the standard deviation of a step from a parent's number, in parts of the range.
SPREADS = (0.15, 0.15, 0.08)
LITTER = 2  # new ones a generation, for each that `confirmation.top` has
KEPT = 0.8  # the probability that a choice stays the parent's

_ATTEMPTS = 4  # draws for each that is wanted: some are the parent again
_SEEDS_APART = 10_000  # generations; a race has at most 1,024


def race_neighbours(spec: JobSpec, race: Standing) -> Steps[Standing]:
    """Each generation races the best of the one before and its litter, for as much as the first race took.

    Returns the last standing; that of the race where nothing can be drawn.
    """
    assert spec.confirmation is not None
    standing, top = race, spec.confirmation.top
    for generation, spread in enumerate(SPREADS):
        best = [standing.entries[i] for i in standing.survivors[:FINALISTS]]
        new = litter(spec, best, generation, spread)
        if not new:
            break
        first = Seeds.NEIGHBOURS + _SEEDS_APART * generation
        standing = yield from eliminate(spec, [*best, *new], first, top)
    return standing


def most_neighbour_runs(top: int, replicates: int) -> int:
    """The most runs of all generations."""
    return len(SPREADS) * most_raced(replicates, FINALISTS + LITTER * top, top)


def litter(spec: JobSpec, parents: Sequence[Entry], generation: int, spread: float) -> list[Entry]:
    """New configurations near the parents, best parent first: the k-th has a share proportional to 1/k.

    Fewer than `LITTER` allows where few can differ. None has a schedule that follows the losses: what such a
    one takes is read from the curve of a trial.
    """
    assert spec.confirmation is not None
    count = LITTER * spec.confirmation.top
    space, generator = Space.of(spec), stream(spec.seed, Purpose.NEIGHBOURS, generation)
    shares = 1.0 / np.arange(1, len(parents) + 1)
    chosen = generator.choice(len(parents), size=_ATTEMPTS * count, p=shares / shares.sum())
    found: list[Entry] = []
    for i in chosen.tolist():
        if len(found) == count:
            break
        new = _beside(parents[i], space.walk(_near(parents[i].configuration, spread, generator)))
        follows_losses = isinstance(new.configuration.schedule_instance(), LossDriven)
        if not follows_losses and not any(runs_alike(new, other) for other in (*parents, *found)):
            found.append(new)
    return found


def _beside(parent: Entry, found: Configuration) -> Entry:
    origin = "a default" if parent.number is None else f"trial {parent.number}"
    label = f"near {origin}: {describe(found)}"
    return Entry(label=label, configuration=found, source="search", number=parent.number)


def _near(parent: Configuration, spread: float, generator: np.random.Generator) -> Pick:
    """Picks near the parent's values, by name or, of another kind of optimizer or schedule, by field."""
    known = _values(parent)

    def pick(name: str, distribution: Distribution) -> Scalar:
        value = known.get(name, known.get(name.rpartition(".")[2]))
        at = coordinates(distribution, [value])
        if np.isnan(at[0]):
            return uniform(distribution, generator)
        if isinstance(distribution, CategoricalDistribution):
            is_kept = generator.random() < KEPT
            return external(distribution, at)[0] if is_kept else uniform(distribution, generator)
        moved = _reflected(at + spread * generator.standard_normal())
        return external(distribution, Scale(distribution).snapped(moved))[0]

    return pick


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
