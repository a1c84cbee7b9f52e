"""When a search has settled: further trials are unlikely to improve on what it has by one percent."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.records import FinishedTrial
from app.spec.job import JobSpec
from app.tuning.search.rounds import Rounds

MATERIAL = 0.01  # of the size of the best value: an improvement by less is none
UNLIKELY = 0.05
LEAST_TRIALS = 48  # that have ended; of fewer nothing is said
AHEAD = 3  # a third as many further trials as have ended are looked ahead


def settled(values: Sequence[float | None], total: int) -> str | None:
    """Why a search is over that has these values, with figures; None where it is not.

    values: of the ended trials by number, None of one without. total: how many trials the budget has.

    The best value shall not have improved by one percent in the last K trials, K being a third of those that
    have ended, or what is left of the budget. And of n trials c came within one percent of the best: in a
    random order, the chance that the last K of them had all c, and so improved on the others by that much, is
    K/n (K-1)/(n-1) ... with c factors. The next K improve on all before them no more often, as long as trials
    are alike. The search has settled where that chance is at most 5 %.
    """
    n = len(values)
    ahead = min(n // AHEAD, total - n)
    completed = [(value, number) for number, value in enumerate(values) if value is not None]
    if n < LEAST_TRIALS or ahead < 1 or not completed:
        return None
    best, best_number = min(completed)
    limit = best + MATERIAL * abs(best)
    near = [number for value, number in completed if value <= limit]
    if near[0] >= n - ahead:
        return None
    chance = 1.0
    for i in range(min(len(near), ahead + 1)):
        chance *= (ahead - i) / (n - i)
    if chance > UNLIKELY:
        return None
    share = f"{chance:.1%}" if chance >= 0.001 else "less than 0.1%"
    return (
        f"settled after {n} of {total} trials: {len(near)} came within {MATERIAL:.0%} of the best value, "
        f"{best:.6g} of trial {best_number}, the first of them trial {near[0]}; "
        f"that another {ahead} trials improve it by as much has a chance of {share}"
    )


def why_settled(spec: JobSpec, finished: Sequence[FinishedTrial]) -> str | None:
    """Why a job with these trials asked for no more; None where it did not settle. finished: by number."""
    if not spec.budget.stop_when_settled or not finished:
        return None
    rounds = Rounds.of(spec)
    last = max(trial.round for trial in finished)
    if last + 1 == len(rounds):
        return None
    seen = rounds.seen(last + 1)
    return settled([trial.value for trial in finished if trial.round < seen], rounds.edges[-1])
