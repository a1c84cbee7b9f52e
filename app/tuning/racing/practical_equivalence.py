"""What it is worth to know more of the entries of a race: by what a default is behind its leader."""

from __future__ import annotations

import math

from app.tuning.racing.elimination import Standing

NEGLIGIBLE = 0.05  # of what the best default is behind: who takes another entry gives up so much at most
DOUBTS = 2.0  # standard errors by which an entry may be better than it looks


def negligible(standing: Standing) -> float:
    """Return how large a difference, in loss, may be and not matter.

    5 % of what the best default is behind the leader; of a default that may not be recommended, 5 % of the
    distance, also where that one is ahead. 0 where an eligible default leads, or the leader diverged. 5 % of
    the leader's mean where every default diverged.
    """
    mean = abs(float(standing.values[standing.leader].mean()))
    if math.isnan(mean):
        return 0.0
    gaps = [
        gap if entry.is_eligible else abs(gap)
        for row, entry in enumerate(standing.entries)
        if entry.is_default and not math.isnan(gap := standing.behind(row))
    ]
    return NEGLIGIBLE * (max(0.0, min(gaps)) if gaps else mean)


def contenders(standing: Standing) -> list[int]:
    """Who may be better than the leader by more than is negligible, the likeliest first.

    By two standard errors of the paired difference, of the survivors that ran on every seed. To run them
    further is worth it; without the others that ran there nothing to speak of is lost.
    """
    matters = negligible(standing)
    rows = [row for row in standing.survivors[1:] if standing.runs[row] == standing.seeds]
    best = {row: standing.behind(row) - DOUBTS * standing.doubt(row) for row in rows}
    return sorted((row for row in rows if best[row] < -matters), key=best.__getitem__)
