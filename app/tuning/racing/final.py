"""The final: the best of the race, schedules made for its leader and a default, on other seeds.

It is prolonged while somebody may be better by more than is negligible, so that seeds go where good
configurations differ by little and a default is not far behind them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from app.spec.job import JobSpec
from app.tuning.evaluation.requests import EvaluationRequest, Seeds, Steps, replicates_of
from app.tuning.racing.candidates import RaceCandidate, is_constant, kind_of, kinds, unique
from app.tuning.racing.derived_schedules import MOST_DERIVED
from app.tuning.racing.elimination import Standing, eliminate, ranked
from app.tuning.racing.iterated import FINALISTS, parents
from app.tuning.racing.practical_equivalence import contenders

MOST_COMPARED = 4  # the best constant rates of two races and two defaults
# Looks of a prolonged final: after how many times the job's replicates, and how many run until then.
LONGER = ((2, 8), (4, 6), (8, 4))


def finalists(
    spec: JobSpec, first: Standing, near: Standing, derived: Sequence[RaceCandidate]
) -> list[RaceCandidate]:
    """Return the entries of the final, the leader of the neighbours first.

    These are the best survivors, the best of each other kind of optimizer that may still win, what was made
    for the leader, and the best constant rates of both races. The best default of the race is among them,
    beside which a difference is large or small, and the best default of the space's own kinds.
    """
    constant = [entry for race in (near, first) for entry in _best(race, is_tuned_constant)]
    usual = [*_best(first, lambda entry: entry.is_default), *_best(first, partial(is_own_default, spec))]
    return unique([*parents(spec, near, is_first=False), *derived, *constant, *usual])


def is_tuned_constant(entry: RaceCandidate) -> bool:
    """Return whether the entry has a constant rate that a search chose."""
    return not entry.is_default and is_constant(entry.configuration)


def is_own_default(spec: JobSpec, entry: RaceCandidate) -> bool:
    """Return whether the entry is an optimizer of the job's space at its defaults."""
    return entry.is_default and kind_of(entry.configuration) in kinds(spec)


def best_row(race: Standing, wanted: Callable[[RaceCandidate], bool]) -> int | None:
    """Return the wanted entry with the lowest mean beside the leader's; None where each of them diverged."""
    rows = [row for row, entry in enumerate(race.entries) if wanted(entry)]
    finite = [row for row in rows if not math.isnan(race.behind(row))]
    return min(finite, key=race.behind, default=None)


def _best(race: Standing, wanted: Callable[[RaceCandidate], bool]) -> list[RaceCandidate]:
    row = best_row(race, wanted)
    return [] if row is None else [race.entries[row]]


def race_final(spec: JobSpec, entries: Sequence[RaceCandidate]) -> Steps[Standing]:
    """Eliminates as the race does, every entry on the replicates of the job, and then prolongs it.

    Until a look the leader and its likeliest contenders run on. Who does not stays as it is.
    """
    standing = yield from eliminate(spec, entries, Seeds.FINAL)
    replicates = replicates_of(spec)
    for span, runners in LONGER if replicates > 1 else ():
        found = contenders(standing)[: runners - 1]
        if not found:
            break
        if span * replicates > standing.seeds:
            standing = yield from _prolonged(spec, standing, [standing.leader, *found], span * replicates)
    return standing


def most_finalists(spec: JobSpec) -> int:
    """How many meet at most."""
    return FINALISTS + len(kinds(spec)) + MOST_DERIVED + MOST_COMPARED


def most_prolonged(replicates: int) -> int:
    """The most runs beyond the replicates of each."""
    if replicates <= 1:
        return 0
    seeds = np.diff([1, *(span for span, _ in LONGER)])
    return replicates * int(seeds @ [runners for _, runners in LONGER])


def _prolonged(spec: JobSpec, standing: Standing, going: Sequence[int], seeds: int) -> Steps[Standing]:
    """The standing after those who go on, all of whom ran on every seed before, ran on so many."""
    done, rows = standing.seeds, list(going)
    values = np.full((len(standing.entries), seeds), np.nan)
    values[:, :done] = standing.values
    result = yield EvaluationRequest(
        configurations=tuple(standing.entries[row].configuration for row in rows),
        replicates=range(Seeds.FINAL + done, Seeds.FINAL + seeds),
        steps=spec.budget.steps,
    )
    values[rows, done:] = result.values
    runs = tuple(seeds if row in rows else ran for row, ran in enumerate(standing.runs))
    leader = rows[ranked(values[rows])[0]]
    found = replace(standing, values=values, runs=runs, survivors=(leader,))
    others = [row for row in standing.survivors if row != leader]
    others.sort(key=lambda row: (math.isnan(gap := found.behind(row)), 0.0 if math.isnan(gap) else gap))
    return replace(found, survivors=(leader, *others))
