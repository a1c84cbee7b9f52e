"""The warnings of a search: few completed trials, and many diverged, failed or repeated ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.formatting import listed, plural
from app.tuning.recommendation.warnings.divergence import divergence_warnings
from app.tuning.samplers.grid import cells
from app.tuning.space.tree import SearchSpace

MIN_COMPLETED_TRIALS = 10
MAX_REPEATED_SHARE = 0.25  # largest share of the trials that may repeat another trial


def search_warnings(plan: Plan, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return the warnings of a search.

    Args:
        plan: The job.
        finished: Every trial that ended, in any state.
    """
    return [
        *_few_completed(plan, finished),
        *divergence_warnings(plan.spec, finished),
        *_failed(finished),
        *_repeated(plan.spec, finished),
    ]


def _few_completed(plan: Plan, finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of few completed trials, unless the job asked for only a few."""
    offered = plan.rounds.trial_count
    counts = Counter(trial.state for trial in finished)
    completed = counts[TrialState.COMPLETED]
    if completed >= MIN_COMPLETED_TRIALS or offered < MIN_COMPLETED_TRIALS:
        return
    if plan.spec.budget.seconds is not None:
        more_time = "Raise `budget.seconds`"
    else:
        more_time = "Set `budget.stop_when_settled` to false"
    others = {
        "did not start": (offered - len(finished), more_time),
        "was pruned" if counts[TrialState.PRUNED] == 1 else "were pruned": (
            counts[TrialState.PRUNED],
            "Raise `budget.trials`, or set `pruner` to none",
        ),
        "diverged": (counts[TrialState.DIVERGED], "Raise `budget.trials` once fewer trials diverge"),
        "failed": (counts[TrialState.FAILED], "Submit the job again once the cause is removed"),
    }
    causes = [f"{count} {what}" for what, (count, _) in others.items() if count > 0]
    _, way_out = max(others.values(), key=lambda other: other[0])
    yield (
        f"Only {completed} of {offered} trials completed ({listed(causes)}), so few configurations were "
        f"compared. {way_out}."
    )


def _failed(finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of trials without a result, from which no sampler learns."""
    reasons = Counter(trial.reason for trial in finished if trial.state is TrialState.FAILED)
    if not reasons:
        return
    failed = reasons.total()
    reason, count = reasons.most_common(1)[0]
    have = "has" if failed == 1 else "have"
    share_note = "" if count == failed else f" of {count} trials"
    if not reason:
        cause = f"The reason{share_note} is not stored. See the log of the worker."
    else:
        cause = f"Reason{share_note}: {reason.removesuffix('.')}."
    yield f"{failed} of {len(finished)} trials failed in every attempt and {have} no value. {cause}"


def _repeated(spec: JobSpec, finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of trials that repeat another trial: on the same seeds a repeat adds no information."""
    distinct = len({frozenset(trial.configuration.params.items()) for trial in finished})
    repeated = len(finished) - distinct
    if repeated <= MAX_REPEATED_SHARE * len(finished):
        return
    size = _configurations_of(SearchSpace.of(spec))
    share, way_out = "", "Drop the repeats of `enqueue`"  # a range without a step hardly repeats itself
    if size is not None and distinct < size:
        share = f", of {size} in the search space"
        way_out = "Take the sampler `grid`, which tries each configuration once, or give wider ranges"
    elif size is not None:
        share = ", all that the search space has"
        way_out = f"Lower `budget.trials` to {size}, or give ranges or more choices"
    yield (
        f"{repeated} of {len(finished)} trials repeat another trial on the same seeds. Only {distinct} "
        f"distinct {plural('configuration', distinct)} ran{share}. {way_out}."
    )


def _configurations_of(space: SearchSpace) -> int | None:
    """Return the number of configurations of a space; None if a range without a step makes it infinite."""
    try:
        return cells(space)
    except ValueError:
        return None
