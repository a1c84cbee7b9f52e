"""All warnings of a recommendation: reasons to trust it less, with the way out of each."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.records import FinishedTrial
from app.tuning.decision.race_history import RaceHistory
from app.tuning.planning.plan import Plan
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.final import best_row
from app.tuning.recommendation.evidence import Verdict
from app.tuning.recommendation.warnings.confirmation import verdict_warnings
from app.tuning.recommendation.warnings.objective import objective_warnings
from app.tuning.recommendation.warnings.range_edges import edges_of
from app.tuning.recommendation.warnings.search import search_warnings

UNCONFIRMED = (
    "`confirmation` is null, so the value is the best of the search. Fresh seeds will give a higher value on "
    "average. Set `confirmation` to measure the configuration on fresh seeds."
)
UNRACED = (
    "`confirmation` is null, so no default and no variant ran beside the best trial. Set `confirmation` "
    "to run both."
)


def confirmed_warnings(
    plan: Plan, history: RaceHistory, verdict: Verdict, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return every warning of a job with a confirmation."""
    return [
        *verdict_warnings(plan, history, verdict),
        *edges_of(plan.spec, _best_searched(history).configuration),
        *search_warnings(plan, finished),
        *objective_warnings(plan.spec),
    ]


def unconfirmed_warnings(plan: Plan, best: RaceCandidate, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return every warning of a job without a confirmation."""
    is_exact = plan.is_exact  # no seed would give another value
    return [
        UNRACED if is_exact else UNCONFIRMED,
        *edges_of(plan.spec, best.configuration),
        *search_warnings(plan, finished),
        *objective_warnings(plan.spec),
    ]


def _best_searched(history: RaceHistory) -> RaceCandidate:
    """Return the recommended entry; if that is a default, the best searched entry of the final."""
    if not history.winner.is_default:
        return history.winner
    row = best_row(history.final, lambda entry: not entry.is_default)
    return history.winner if row is None else history.final.candidates[row]
