"""The rule of a settled search: further trials are unlikely to improve the best value by one percent."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.records import FinishedTrial
from app.tuning.planning.plan import Plan

MIN_IMPROVEMENT = 0.01  # smallest relevant improvement, as a share of the size of the best value
MAX_CHANCE = 0.05  # largest chance of such an improvement at which a search has settled
MIN_TRIALS = 48  # fewest ended trials for the rule to apply
LOOKAHEAD_DIVISOR = 3  # the rule looks ahead over a third as many trials as have ended


def settled_reason(values: Sequence[float | None], total: int) -> str | None:
    """Return why a search with these values has settled, with figures; None if the search has not.

    Let K be a third of the number n of ended trials, or the rest of the budget if that is less. The best
    value must not have improved by one percent in the last K trials. Let c trials lie within one percent of
    the best value. In a random order, the last K trials improve on the others by one percent if they include
    all c. The chance of this order is K/n (K-1)/(n-1) ... with c factors. The next K trials improve on all
    before them no more often, as long as trials are alike. The search has settled if the chance is at most
    5 %.
    values: the values of the ended trials by number; None for a trial without a value.
    total: the number of trials in the budget.
    """
    n = len(values)
    ahead = min(n // LOOKAHEAD_DIVISOR, total - n)
    completed = [(value, number) for number, value in enumerate(values) if value is not None]
    if n < MIN_TRIALS or ahead < 1 or not completed:
        return None
    best, best_number = min(completed)
    limit = best + MIN_IMPROVEMENT * abs(best)
    near = [number for value, number in completed if value <= limit]
    if near[0] >= n - ahead:
        return None
    chance = 1.0
    for i in range(min(len(near), ahead + 1)):
        chance *= (ahead - i) / (n - i)
    if chance > MAX_CHANCE:
        return None
    share = f"{chance:.1%}" if chance >= 0.001 else "less than 0.1%"
    return (
        f"settled after {n} of {total} trials: {len(near)} came within {MIN_IMPROVEMENT:.0%} of the best "
        f"value, {best:.6g} of trial {best_number}, the first of them trial {near[0]}; "
        f"that another {ahead} trials improve it by as much has a chance of {share}"
    )


def why_settled(plan: Plan, finished: Sequence[FinishedTrial]) -> str | None:
    """Return why a job asked for no further trials; None if it did not settle. finished: trials by number."""
    if not plan.spec.budget.stop_when_settled or not finished:
        return None
    rounds = plan.rounds
    last = max(trial.round for trial in finished)
    if last + 1 == len(rounds):
        return None
    ended = rounds.seen(last + 1)
    return settled_reason([trial.value for trial in finished if trial.round < ended], rounds.edges[-1])
