"""The race with a margin: what to recommend where the best of the final sits at the edge of divergence.

Lowering the peak alone costs what the other hyperparameters were tuned for. So entries with lower peaks, and
variants of these, race among those that do not diverge half an octave higher.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.records import Configuration
from app.engine.seeds import Purpose, stream
from app.spec.job import JobSpec
from app.tuning.decision.choice import choose
from app.tuning.evaluation.requests import EvaluationRequest, Seeds, Steps, replicates_of
from app.tuning.learning_rates.safe_range import TOLERANCE
from app.tuning.learning_rates.sweep import Sweep, at_rate, within_bounds
from app.tuning.racing.candidates import RaceCandidate, at_peak, unique
from app.tuning.racing.elimination import LEAST, Standing, eliminate, most_raced
from app.tuning.racing.iterated import LOOKS, most_new, offspring, parents
from app.tuning.racing.peak_limits import diverged_entries, lowest_peak
from app.tuning.racing.perturbations import Crossings
from app.tuning.racing.selection import Choice

MOST_LOWERED = 6  # entries of the final
LOWER = (2.0**-0.5, 0.5, 2.0**-1.5)  # factors of their peaks that race too
HALF_OCTAVE = 2.0**0.5  # above a peak no run may diverge: the first that does is then an octave away
SPREADS = (0.1, 0.05)  # of each generation, as of the neighbours
_FIRST_GENERATION = 100  # names the random streams; those of the neighbours count from 0


@dataclass(frozen=True, kw_only=True, eq=False)
class MarginRace:
    """What the race gave. diverged: the configurations that did half an octave above an entry."""

    standing: Standing
    diverged: tuple[Configuration, ...]


def lacks_margin(choice: Choice) -> bool:
    """Return whether a choice has no range, or a lower peak that costs more than 5 % of the loss."""
    if choice.range is None:
        return True
    if choice.lowered_from is None:
        return False
    sweep = choice.sweep
    own = sweep.of(sweep.own)
    finite = own[~np.isnan(own)]
    lowered = float(sweep.less(choice.range.peak, sweep.own).mean()) if finite.size else math.inf
    return not lowered <= TOLERANCE * abs(float(finite.mean()))


def choose_with_margin(
    spec: JobSpec,
    standing: Standing,
    floor: float,
    diverged: list[Configuration],
    sweeps: Mapping[int, Sweep] | None = None,
) -> Steps[tuple[Standing, Choice]]:
    """Choose from a final, or where its best has no margin to divergence from a race of those that do.

    floor, sweeps: as of `choose`. diverged: the configurations that any stage saw diverge; those of this race
    are added. Returns the race that the choice is of, too.
    """
    choice = yield from choose(spec, standing, floor, diverged, sweeps=sweeps)
    if not lacks_margin(choice):
        return standing, choice
    race = yield from race_with_margin(spec, standing)
    if race is None:
        return standing, choice
    diverged += [*race.diverged, *diverged_entries(race.standing)]
    other = yield from choose(spec, race.standing, floor, diverged, by_mean=True)
    return (standing, choice) if other.range is None else (race.standing, other)


def race_with_margin(spec: JobSpec, final: Standing) -> Steps[MarginRace | None]:
    """Race lower peaks of the best entries of the final and variants of them; None where all diverge.

    An entry takes part only if it does not diverge half an octave higher, on a few seeds. Defaults take part
    as they are, beside which a difference is large or small.
    """
    assert spec.confirmation is not None
    usual = [entry for entry in final.entries if entry.is_default]
    best = _lowered(spec, final)
    crossings = Crossings(stream(spec.seed, Purpose.CROSSINGS, 1))
    diverged: list[Configuration] = []
    before: list[Standing] = []
    for generation, spread in enumerate(SPREADS):
        known = [entry for race in before for entry in race.entries]
        new = offspring(spec, best, known, _FIRST_GENERATION + generation, spread, crossings)
        made = new if before else unique([*best, *new])
        kept = yield from _with_margin(spec, made, diverged)
        field = unique([*(best if before else ()), *kept, *usual])
        if not any(entry.is_eligible and not entry.is_default for entry in field):
            break
        standing = yield from eliminate(spec, field, Seeds.MARGIN, spec.confirmation.top, before, LOOKS)
        before.append(standing)
        best = parents(spec, standing, is_first=False)
    return MarginRace(standing=before[-1], diverged=tuple(diverged)) if before else None


def most_margin_runs(spec: JobSpec, replicates: int) -> int:
    """Return the most runs of all generations, those of the higher peaks included."""
    assert spec.confirmation is not None
    entries = MOST_LOWERED * (1 + len(LOWER)) + most_new(spec) + 4  # and the defaults of the final
    checks = entries * min(LEAST, replicates)
    return len(SPREADS) * (checks + most_raced(replicates, entries, spec.confirmation.top))


def _lowered(spec: JobSpec, final: Standing) -> list[RaceCandidate]:
    """Return the best entries of the final at their own and at lower peaks, within their ranges."""
    rows = [row for row, entry in enumerate(final.entries) if entry.is_eligible and not entry.is_default]
    rows = sorted((row for row in rows if not math.isnan(final.behind(row))), key=final.behind)
    found = []
    for entry in (final.entries[row] for row in rows[:MOST_LOWERED]):
        peak, lowest = float(entry.configuration.optimizer["learning_rate"]), lowest_peak(spec, entry)
        rates = [factor * peak for factor in LOWER if factor * peak >= lowest]
        found += [entry, *(at_peak(entry, rate) for rate in within_bounds(entry.configuration, rates))]
    return found


def _with_margin(
    spec: JobSpec, entries: Sequence[RaceCandidate], diverged: list[Configuration]
) -> Steps[list[RaceCandidate]]:
    """Return the entries that do not diverge half an octave higher; add what diverged to the list."""
    higher = [_higher(entry.configuration) for entry in entries]
    if not higher:
        return []
    result = yield EvaluationRequest(
        configurations=tuple(higher),
        replicates=range(Seeds.MARGIN, Seeds.MARGIN + min(LEAST, replicates_of(spec))),
        steps=spec.budget.steps,
    )
    is_lost = [bool(np.isnan(row).any()) for row in result.values]
    diverged += [found for found, lost in zip(higher, is_lost, strict=True) if lost]
    return [entry for entry, lost in zip(entries, is_lost, strict=True) if not lost]


def _higher(configuration: Configuration) -> Configuration:
    """Return the configuration half an octave higher; at the bound of the rate itself, as it is."""
    rate = HALF_OCTAVE * float(configuration.optimizer["learning_rate"])
    return at_rate(configuration, rate) if within_bounds(configuration, [rate]) else configuration
