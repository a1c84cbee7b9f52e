"""The warnings of a search: few trials that ran to their end, many that diverged, failed or repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.recommendation.formatting import listed
from app.tuning.recommendation.warnings.divergence import divergence_warnings
from app.tuning.samplers.grid import cells
from app.tuning.search.rounds import trial_count
from app.tuning.space.tree import SearchSpace

MIN_COMPLETED = 10  # trials
MAX_REPEATED_SHARE = 0.25  # of the trials


def search_warnings(spec: JobSpec, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return the warnings of a search. finished: every trial that ended, in any state."""
    return [
        *_few_completed(spec, finished),
        *divergence_warnings(spec, finished),
        *_failed(finished),
        *_repeated(spec, finished),
    ]


def _few_completed(spec: JobSpec, finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of few completed trials, unless the job asked for no more than a few."""
    offered = trial_count(spec)
    counts = Counter(trial.state for trial in finished)
    completed = counts[TrialState.COMPLETED]
    if completed >= MIN_COMPLETED or offered < MIN_COMPLETED:
        return
    if spec.budget.seconds is not None:
        more_time = "raise `budget.seconds`"
    else:
        more_time = "set `budget.stop_when_settled` to false"
    others = {
        "did not start": (offered - len(finished), more_time),
        "were pruned": (counts[TrialState.PRUNED], "raise `budget.trials`, or set `pruner` to none"),
        "diverged": (counts[TrialState.DIVERGED], "raise `budget.trials` once fewer of them diverge"),
        "failed": (counts[TrialState.FAILED], "submit the job again once the cause is mended"),
    }
    causes = [f"{count} {what}" for what, (count, _) in others.items() if count > 0]
    _, way_out = max(others.values(), key=lambda other: other[0])
    yield (
        f"only {completed} of {offered} trials completed ({listed(causes)}), so few configurations were "
        f"compared; {way_out}"
    )


def _failed(finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of trials without a result, which no sampler learns from."""
    reasons = Counter(trial.reason for trial in finished if trial.state is TrialState.FAILED)
    if not reasons:
        return
    failed = reasons.total()
    reason, count = reasons.most_common(1)[0]
    have = "has" if failed == 1 else "have"
    most = "" if count == failed else f", {count} of them because"
    yield (
        f"{failed} of {len(finished)} trials failed in every attempt and {have} no value{most or ':'} "
        f"{reason or 'no reason is stored; see the log of the worker'}"
    )


def _repeated(spec: JobSpec, finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of trials that repeat another one: on the same seeds a repeat tells nothing new."""
    distinct = len({frozenset(trial.configuration.params.items()) for trial in finished})
    repeated = len(finished) - distinct
    if repeated <= MAX_REPEATED_SHARE * len(finished):
        return
    size = _configurations_of(SearchSpace.of(spec))
    share, way_out = "", "drop the repeats of `enqueue`"  # a range without a step hardly repeats itself
    if size is not None and distinct < size:
        share = f", of {size} in the search space"
        way_out = "take the sampler `grid`, which tries each once, or give wider ranges"
    elif size is not None:
        share = ", all that the search space has"
        way_out = f"lower `budget.trials` to {size}, or give ranges or more choices"
    configurations = "configuration" if distinct == 1 else "configurations"
    yield (
        f"{repeated} of {len(finished)} trials repeat another one, on the same seeds: only {distinct} "
        f"distinct {configurations} ran{share}; {way_out}"
    )


def _configurations_of(space: SearchSpace) -> int | None:
    """Return how many configurations a space has; None if a range without a step makes them endless."""
    try:
        return cells(space)
    except ValueError:
        return None
