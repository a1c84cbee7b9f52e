"""The warnings of a recommendation: what would make one trust it less, and the way out."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.records import FinishedTrial
from app.spec.job import JobSpec
from app.tuning.decision.race_history import RaceHistory
from app.tuning.evaluation.objective import build_objective
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.final import best_row
from app.tuning.recommendation.evidence import Verdict
from app.tuning.recommendation.warnings.confirmation import verdict_warnings
from app.tuning.recommendation.warnings.objective import objective_warnings
from app.tuning.recommendation.warnings.range_edges import edges_of
from app.tuning.recommendation.warnings.search import search_warnings

UNCONFIRMED = (
    "confirmation is null: the value was chosen as the best of the search, so fresh seeds will give a higher "
    "one on average; set `confirmation` to measure it"
)
UNRACED = (
    "confirmation is null: no default ran beside the best trial, and nothing was tried near it; set "
    "`confirmation` to do both"
)


def caution(
    spec: JobSpec, course: RaceHistory, verdict: Verdict, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return every warning that applies."""
    return [
        *verdict_warnings(spec, course, verdict),
        *edges_of(spec, _best_searched(course).configuration),
        *search_warnings(spec, finished),
        *objective_warnings(spec),
    ]


def caution_unconfirmed(spec: JobSpec, best: RaceCandidate, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return every warning that applies to a job without a race."""
    is_exact = build_objective(spec.objective).deterministic  # no seed would give another value
    return [
        UNRACED if is_exact else UNCONFIRMED,
        *edges_of(spec, best.configuration),
        *search_warnings(spec, finished),
        *objective_warnings(spec),
    ]


def _best_searched(course: RaceHistory) -> RaceCandidate:
    """Return the recommended entry, or where that is a default the best one that was searched."""
    if not course.winner.is_default:
        return course.winner
    row = best_row(course.final, lambda entry: not entry.is_default)
    return course.winner if row is None else course.final.entries[row]
