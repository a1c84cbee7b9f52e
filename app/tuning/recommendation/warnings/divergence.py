"""The warnings of diverged trials: the optimizers, and the learning rate above which trials diverged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from optuna.distributions import CategoricalDistribution

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.engine.objectives.functions import FUNCTIONS
from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.tuning.recommendation.formatting import number
from app.tuning.space.distributions import Distribution
from app.tuning.space.tree import OPTIMIZER, SearchSpace

MAX_DIVERGED_SHARE = 0.25  # of the trials
MAX_EXCEPTIONS = 0.25  # share of the diverged trials that a highest rate may leave unexplained


def divergence_warnings(spec: JobSpec, finished: Sequence[FinishedTrial]) -> Iterator[str]:
    """Warn of each optimizer with many diverged trials, if many trials of the whole search diverged."""
    diverged = sum(trial.state is TrialState.DIVERGED for trial in finished)
    if diverged <= MAX_DIVERGED_SHARE * len(finished):
        return
    if isinstance(spec.objective, FunctionSpec) and not FUNCTIONS[spec.objective.name].bounded_below:
        yield (
            f"{diverged} of {len(finished)} trials diverged. {spec.objective.name} has no lower bound, and a "
            "run that falls too far counts as diverged. Lower `budget.steps`."
        )
        return
    distributions = SearchSpace.of(spec).distributions()
    by_label: dict[str, list[FinishedTrial]] = defaultdict(list)
    for trial in finished:
        configuration = trial.configuration
        by_label[str(configuration.params.get(OPTIMIZER, configuration.optimizer["kind"]))].append(trial)
    for label, trials in by_label.items():
        count = sum(trial.state is TrialState.DIVERGED for trial in trials)
        if count > MAX_DIVERGED_SHARE * len(trials):
            way_out = _way_out(label, trials, distributions.get(f"{label}.learning_rate"))
            yield f"{count} of {len(trials)} trials of {label} diverged. {way_out}"


def _way_out(label: str, trials: Sequence[FinishedTrial], distribution: Distribution | None) -> str:
    """Return sentences that say how to avoid the divergence, as far as the learning rates tell."""
    rates = [
        (float(trial.configuration.optimizer["learning_rate"]), trial.state is TrialState.DIVERGED)
        for trial in trials
    ]
    if distribution is None:
        return f"Lower the learning_rate of {label}, {number(rates[0][0])} in all trials."
    highest = _highest_safe_rate(rates)
    if highest is None:
        least = min(rate for rate, _ in rates)
        if all(is_diverged for _, is_diverged in rates):
            return f"Give the learning_rate of {label} values below {number(least)}, or drop {label}."
        return f"Low rates diverged as well. Set a `gradient_clip_norm`, or drop {label}."
    if isinstance(distribution, CategoricalDistribution):
        return f"Drop the choices above {number(highest)} from the learning_rate of {label}."
    return f"Give the learning_rate of {label} a range with `high` at {number(highest)}."


def _highest_safe_rate(rates: Sequence[tuple[float, bool]]) -> float | None:
    """Return the rate that best separates the diverged trials above it; None if no rate does.

    The rate is taken from the trials that did not diverge. An exception is a trial above the rate that did
    not diverge, or a trial up to the rate that did. The rate with the fewest exceptions is best.

    Args:
        rates: The learning rate of each trial, and whether the trial diverged.
    """
    kept = np.sort([rate for rate, is_diverged in rates if not is_diverged])
    lost = np.sort([rate for rate, is_diverged in rates if is_diverged])
    if not len(kept):
        return None
    exceptions = len(kept) - np.searchsorted(kept, kept, "right") + np.searchsorted(lost, kept, "right")
    best = int(np.argmin(exceptions))
    return float(kept[best]) if exceptions[best] <= MAX_EXCEPTIONS * len(lost) else None
