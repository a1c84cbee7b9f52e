"""Practical equivalence: negligible differences between candidates, and contenders of the leader."""

from __future__ import annotations

import math

from app.tuning.racing.elimination import Standing

NEGLIGIBLE_SHARE = 0.05  # share of the gain over the best default that may be given up
CONTENDER_ERRORS = 2.0  # standard errors by which a candidate may be better than its mean


def negligible(standing: Standing) -> float:
    """Return the largest difference in loss that does not matter.

    The difference is 5 % of the gap between the leader and the best default. For a default that may not be
    recommended the gap counts even if the default is ahead. The result is 0 if an eligible default leads or
    the leader diverged, and 5 % of the leader's mean if every default diverged.
    """
    mean = abs(float(standing.values[standing.leader].mean()))
    if math.isnan(mean):
        return 0.0
    gaps = [
        gap if candidate.is_eligible else abs(gap)
        for row, candidate in enumerate(standing.candidates)
        if candidate.is_default and not math.isnan(gap := standing.behind(row))
    ]
    return NEGLIGIBLE_SHARE * (max(0.0, min(gaps)) if gaps else mean)


def contenders(standing: Standing) -> list[int]:
    """Return the rows that may beat the leader by more than a negligible gap, the likeliest first.

    A contender is a survivor that ran on every seed. The lower end of its gap, at two standard errors of the
    paired difference, is beyond what is negligible. Only contenders justify further runs.
    """
    threshold = negligible(standing)
    rows = [row for row in standing.survivors[1:] if standing.runs[row] == standing.seeds]
    lower_ends = {row: standing.behind(row) - CONTENDER_ERRORS * standing.standard_error(row) for row in rows}
    return sorted((row for row in rows if lower_ends[row] < -threshold), key=lower_ends.__getitem__)
