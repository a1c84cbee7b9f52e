"""The final: the best of the race, the schedules derived for its leader, and defaults, on new seeds.

The final is extended while a candidate may be better than the leader by more than is negligible. So seeds go
where good configurations differ by little and a default is not far behind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from app.spec.job import JobSpec
from app.tuning.evaluation.requests import EvaluationRequest, Seeds, Steps
from app.tuning.planning.baselines import kinds
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import EXTENSIONS, MAX_DERIVED, MAX_REFERENCES, MAX_SURVIVING_PARENTS
from app.tuning.racing.candidates import RaceCandidate, is_constant, kind_of, unique
from app.tuning.racing.elimination import Standing, eliminate, ranked
from app.tuning.racing.iterated import parents
from app.tuning.racing.practical_equivalence import contenders


def finalists(
    plan: Plan, first: Standing, iterated: Standing, derived: Sequence[RaceCandidate]
) -> list[RaceCandidate]:
    """Return the candidates of the final, the leader of the neighbours first.

    The finalists are the parents (the best survivors, and the best of each other kind that may still win),
    the schedules derived for the leader, and the best constant rates of both races. The best default of the
    race is the measure of whether a difference is large or small. The best default among the kinds of the
    search space takes part too.
    """
    constant = [candidate for race in (iterated, first) for candidate in _best(race, is_tuned_constant)]
    defaults = [
        *_best(first, lambda candidate: candidate.is_default),
        *_best(first, partial(is_default_in_space, plan)),
    ]
    return unique([*parents(plan, iterated, is_first=False), *derived, *constant, *defaults])


def is_tuned_constant(candidate: RaceCandidate) -> bool:
    """Return whether the candidate has a constant learning rate that a search chose."""
    return not candidate.is_default and is_constant(candidate.configuration)


def is_default_in_space(plan: Plan, candidate: RaceCandidate) -> bool:
    """Return whether the candidate is an optimizer of the job's search space at its defaults."""
    return candidate.is_default and kind_of(candidate.configuration) in plan.kinds


def best_row(race: Standing, is_wanted: Callable[[RaceCandidate], bool]) -> int | None:
    """Return the row of the wanted candidate with the smallest gap to the leader; None if all diverged."""
    rows = [row for row, candidate in enumerate(race.candidates) if is_wanted(candidate)]
    finite = [row for row in rows if not math.isnan(race.behind(row))]
    return min(finite, key=race.behind, default=None)


def _best(race: Standing, is_wanted: Callable[[RaceCandidate], bool]) -> list[RaceCandidate]:
    row = best_row(race, is_wanted)
    return [] if row is None else [race.candidates[row]]


def race_final(plan: Plan, candidates: Sequence[RaceCandidate]) -> Steps[Standing]:
    """Eliminate as in the race, with one share per candidate, and then extend the final.

    Until each look of the extension, the leader and its likeliest contenders run on further seeds. The other
    candidates keep the values they have.
    """
    standing = yield from eliminate(plan, candidates, Seeds.FINAL)
    replicates = plan.replicates
    for multiple, count in EXTENSIONS if replicates > 1 else ():
        rivals = contenders(standing)[: count - 1]
        if not rivals:
            break
        if multiple * replicates > standing.seeds:
            rows = [standing.leader, *rivals]
            standing = yield from _extend(plan, standing, rows, multiple * replicates)
    return standing


def most_finalists(spec: JobSpec) -> int:
    """Return the largest number of candidates in the final."""
    return MAX_SURVIVING_PARENTS + len(kinds(spec)) + MAX_DERIVED + MAX_REFERENCES


def most_prolonged(replicates: int) -> int:
    """Return the most runs of the extension, beyond the replicates of each candidate."""
    if replicates <= 1:
        return 0
    seeds = np.diff([1, *(multiple for multiple, _ in EXTENSIONS)])
    return replicates * int(seeds @ [count for _, count in EXTENSIONS])


def _extend(plan: Plan, standing: Standing, rows: list[int], seeds: int) -> Steps[Standing]:
    """Run some rows until each has `seeds` seeds, and return the new standing.

    rows: candidates that ran on every seed so far.
    """
    done = standing.seeds
    values = np.full((len(standing.candidates), seeds), np.nan)
    values[:, :done] = standing.values
    result = yield EvaluationRequest(
        configurations=tuple(standing.candidates[row].configuration for row in rows),
        replicates=range(Seeds.FINAL + done, Seeds.FINAL + seeds),
        steps=plan.steps,
    )
    values[rows, done:] = result.values
    runs = tuple(seeds if row in rows else ran for row, ran in enumerate(standing.runs))
    leader = rows[ranked(values[rows])[0]]
    extended = replace(standing, values=values, runs=runs, survivors=(leader,))
    others = [row for row in standing.survivors if row != leader]
    others.sort(key=lambda row: (math.isnan(gap := extended.behind(row)), 0.0 if math.isnan(gap) else gap))
    return replace(extended, survivors=(leader, *others))
