"""The race with a margin, for a final whose best candidate is at the edge of divergence.

The other hyperparameters were tuned together with the peak, so lowering the peak alone may cost much. So
candidates with lower peaks race with their offspring. A candidate that diverges half an octave higher is left
out.
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
from app.tuning.evaluation.requests import EvaluationRequest, Seeds, Steps
from app.tuning.learning_rates.safe_range import TOLERANCE
from app.tuning.learning_rates.sweep import Sweep, at_rate, within_bounds
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import (
    GENERATION_LOOKS,
    LOWERING_FACTORS,
    MARGIN_SPREADS,
    MAX_LOWERED,
    MIN_SEEDS,
)
from app.tuning.racing.candidates import RaceCandidate, at_peak, unique
from app.tuning.racing.elimination import Standing, eliminate
from app.tuning.racing.iterated import offspring, parents
from app.tuning.racing.peak_limits import diverged_entries, lowest_peak
from app.tuning.racing.perturbations import GlobalMoves
from app.tuning.racing.selection import Choice

# No run may diverge half an octave above a peak. The lowest peak that diverges is then an octave away.
HALF_OCTAVE = 2.0**0.5
_FIRST_GENERATION = 100  # number of the first random stream; generations of neighbours count from 0


@dataclass(frozen=True, kw_only=True, eq=False)
class MarginRace:
    """The result of the race with a margin.

    diverged: the configurations, half an octave above a candidate, that diverged.
    """

    standing: Standing
    diverged: tuple[Configuration, ...]


def lacks_margin(choice: Choice) -> bool:
    """Return whether a choice has no safe range, or a lowered peak that costs more than 5 % of the loss."""
    if choice.range is None:
        return True
    if choice.lowered_from is None:
        return False
    sweep = choice.sweep
    losses = sweep.of(sweep.configured_row)
    finite = losses[~np.isnan(losses)]
    cost = (
        float(sweep.difference(choice.range.peak, sweep.configured_row).mean()) if finite.size else math.inf
    )
    return not cost <= TOLERANCE * abs(float(finite.mean()))


def choose_with_margin(
    plan: Plan,
    standing: Standing,
    floor: float,
    diverged: list[Configuration],
    sweeps: Mapping[int, Sweep] | None = None,
) -> Steps[tuple[Standing, Choice]]:
    """Choose from a final, or from a race with a margin if the choice lacks a margin to divergence.

    Return the race of the choice, and the choice.

    floor, sweeps: as in `choose`. diverged: the configurations that diverged in any stage; configurations
    that diverge in the race with a margin are added to the list.
    """
    choice = yield from choose(plan, standing, floor, diverged, sweeps=sweeps)
    if not lacks_margin(choice):
        return standing, choice
    race = yield from race_with_margin(plan, standing)
    if race is None:
        return standing, choice
    diverged += [*race.diverged, *diverged_entries(race.standing)]
    other = yield from choose(plan, race.standing, floor, diverged, by_mean=True)
    return (standing, choice) if other.range is None else (race.standing, other)


def race_with_margin(plan: Plan, final: Standing) -> Steps[MarginRace | None]:
    """Race the best candidates of the final, at lower peaks too, and their offspring; None if all diverge.

    A candidate takes part only if no run diverges half an octave higher, on a few seeds. The defaults take
    part as they are, as the measure of whether a difference is large or small.
    """
    defaults = [candidate for candidate in final.candidates if candidate.is_default]
    best = _lowered(plan.spec, final)
    global_moves = GlobalMoves(stream(plan.spec.seed, Purpose.CROSSINGS, 1))
    diverged: list[Configuration] = []
    before: list[Standing] = []
    for generation, spread in enumerate(MARGIN_SPREADS):
        known = [candidate for race in before for candidate in race.candidates]
        new = offspring(plan, best, known, _FIRST_GENERATION + generation, spread, global_moves)
        unchecked = new if before else unique([*best, *new])
        kept = yield from _with_margin(plan, unchecked, diverged)
        field = unique([*(best if before else ()), *kept, *defaults])
        if not any(candidate.is_eligible and not candidate.is_default for candidate in field):
            break
        shares = plan.top
        standing = yield from eliminate(plan, field, Seeds.MARGIN, shares, before, GENERATION_LOOKS)
        before.append(standing)
        best = parents(plan, standing, is_first=False)
    return MarginRace(standing=before[-1], diverged=tuple(diverged)) if before else None


def _lowered(spec: JobSpec, final: Standing) -> list[RaceCandidate]:
    """Return the best candidates of the final, each at its peak and at lower peaks within its range."""
    rows = [
        row
        for row, candidate in enumerate(final.candidates)
        if candidate.is_eligible and not candidate.is_default and not math.isnan(final.behind(row))
    ]
    lowered = []
    for candidate in (final.candidates[row] for row in sorted(rows, key=final.behind)[:MAX_LOWERED]):
        configuration = candidate.configuration
        peak, lowest = float(configuration.optimizer["learning_rate"]), lowest_peak(spec, candidate)
        rates = [factor * peak for factor in LOWERING_FACTORS if factor * peak >= lowest]
        lowered += [candidate, *(at_peak(candidate, rate) for rate in within_bounds(configuration, rates))]
    return lowered


def _with_margin(
    plan: Plan, candidates: Sequence[RaceCandidate], diverged: list[Configuration]
) -> Steps[list[RaceCandidate]]:
    """Return the candidates that do not diverge half an octave higher; add what diverged to the list."""
    higher = [_higher(candidate.configuration) for candidate in candidates]
    if not higher:
        return []
    result = yield EvaluationRequest(
        configurations=tuple(higher),
        replicates=range(Seeds.MARGIN, Seeds.MARGIN + min(MIN_SEEDS, plan.replicates)),
        steps=plan.steps,
    )
    fails = [bool(np.isnan(row).any()) for row in result.values]
    diverged += [configuration for configuration, fail in zip(higher, fails, strict=True) if fail]
    return [candidate for candidate, fail in zip(candidates, fails, strict=True) if not fail]


def _higher(configuration: Configuration) -> Configuration:
    """Return the configuration half an octave higher; unchanged if that exceeds the bounds of the rate."""
    rate = HALF_OCTAVE * float(configuration.optimizer["learning_rate"])
    return at_rate(configuration, rate) if within_bounds(configuration, [rate]) else configuration
