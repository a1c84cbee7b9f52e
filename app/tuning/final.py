"""The final: the best of the race, schedules made for its leader and a default, on other seeds.

It is prolonged while somebody may be better by more than is negligible, so that seeds go where good
configurations differ by little and a default is not far behind them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.spec.job import JobSpec
from app.tuning.course import FINALISTS
from app.tuning.derive import MOST_DERIVED
from app.tuning.elimination import Standing, catch_up, eliminate, ranked
from app.tuning.field import Entry, kinds, unique
from app.tuning.heats import Seeds, Steps, replicates_of
from app.tuning.neighbours import parents
from app.tuning.worth import contenders

# Looks of a prolonged final: after how many times the job's replicates, and how many run until then.
LONGER = ((2, 8), (4, 6), (8, 4))


def finalists(spec: JobSpec, first: Standing, near: Standing, derived: Sequence[Entry]) -> list[Entry]:
    """Who meets in the final, the leader first.

    The best survivors of the neighbours, the best of each other kind of optimizer that may still win, what
    was made for the leader, and the best default of the race, beside which a difference is large or small.
    """
    defaults = [row for row, entry in enumerate(first.entries) if entry.is_default]
    finite = [row for row in defaults if not math.isnan(first.behind(row))]
    usual = [first.entries[row] for row in sorted(finite, key=first.behind)[:1]]
    return unique([*parents(spec, near, is_first=False), *derived, *usual])


def race_final(spec: JobSpec, entries: Sequence[Entry]) -> Steps[Standing]:
    """Eliminates as the race does, every entry on the replicates of the job, and then prolongs it.

    Until a look the leader and its likeliest contenders run on. A contender beyond those is dropped; who is
    none stays as it is, since what it may be better by is negligible.
    """
    standing = yield from eliminate(spec, entries, Seeds.FINAL)
    replicates = replicates_of(spec)
    for span, runners in LONGER if replicates > 1 else ():
        found = contenders(standing)
        if not found:
            break
        if span * replicates > standing.seeds:
            dropped = found[runners - 1 :]
            going = [standing.leader, *found[: runners - 1]]
            standing = yield from _prolonged(spec, standing, going, dropped, span * replicates)
    return standing


def most_finalists(spec: JobSpec) -> int:
    """How many meet at most."""
    return FINALISTS + len(kinds(spec)) + MOST_DERIVED + 1


def most_prolonged(replicates: int) -> int:
    """The most runs beyond the replicates of each: as if every look had other contenders for one leader."""
    if replicates <= 1:
        return 0
    return replicates * (sum((span - 1) * (runners - 1) for span, runners in LONGER) + LONGER[-1][0] - 1)


def _prolonged(
    spec: JobSpec, standing: Standing, going: Sequence[int], dropped: Sequence[int], seeds: int
) -> Steps[Standing]:
    """The standing after those who go on ran on so many seeds."""
    values = np.full((len(standing.entries), seeds), np.nan)
    values[:, : standing.seeds] = standing.values
    runs = np.array(standing.runs)
    yield from catch_up(spec, standing.entries, going, range(Seeds.FINAL, Seeds.FINAL + seeds), values, runs)
    order = [going[i] for i in ranked(values[list(going)])]
    found = replace(standing, values=values, runs=tuple(runs.tolist()), survivors=tuple(order))
    others = [row for row in standing.survivors if row not in dropped and row != found.leader]
    diverged = [row for row in others if math.isnan(found.behind(row))]
    left = sorted((row for row in others if row not in diverged), key=found.behind)
    return replace(found, survivors=(found.leader, *left, *diverged))
