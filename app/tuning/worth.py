"""What it is worth to know more of the entries of a race: by what a default is behind its leader."""

from __future__ import annotations

import math

from app.tuning.elimination import Standing

NEGLIGIBLE = 0.05  # of what the best default is behind: who takes another entry gives up so much at most
DOUBTS = 2.0  # standard errors by which an entry may be better than it looks


def negligible(standing: Standing) -> float:
    """How large a difference, in loss, may be and not matter: 5 % of what the best default is behind.

    0 where a default leads, or the leader diverged. Of a race whose defaults all diverged, 5 % of the
    leader's mean.
    """
    behind = [standing.behind(row) for row, entry in enumerate(standing.entries) if entry.is_default]
    finite = [gap for gap in behind if not math.isnan(gap)]
    own = abs(float(standing.values[standing.leader].mean()))
    if math.isnan(own):
        return 0.0
    return NEGLIGIBLE * (max(0.0, min(finite)) if finite else own)


def contenders(standing: Standing) -> list[int]:
    """Who may be better than the leader by more than is negligible, the likeliest first.

    By two standard errors of the paired difference, of the survivors that ran on every seed. To run them
    further is worth it; without the others that ran there nothing to speak of is lost.
    """
    matters = negligible(standing)
    rows = [row for row in standing.survivors[1:] if standing.runs[row] == standing.seeds]
    best = {row: standing.behind(row) - DOUBTS * standing.doubt(row) for row in rows}
    return sorted((row for row in rows if best[row] < -matters), key=best.__getitem__)
