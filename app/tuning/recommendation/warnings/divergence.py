"""The warnings of a search in which many trials diverged: of which optimizers, and from which rate on."""

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
    """Warn of each optimizer of which many trials diverged, if many did of the whole search."""
    diverged = sum(trial.state is TrialState.DIVERGED for trial in finished)
    if diverged <= MAX_DIVERGED_SHARE * len(finished):
        return
    if isinstance(spec.objective, FunctionSpec) and not FUNCTIONS[spec.objective.name].bounded_below:
        yield (
            f"{diverged} of {len(finished)} trials diverged: {spec.objective.name} falls without end, and a "
            "run that falls too far counts as diverged; lower `budget.steps`"
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
            yield f"{count} of {len(trials)} trials of {label} diverged; {way_out}"


def _way_out(label: str, trials: Sequence[FinishedTrial], distribution: Distribution | None) -> str:
    """Return what keeps the trials of an optimizer from diverging, as far as their learning rates tell."""
    rates = [
        (float(trial.configuration.optimizer["learning_rate"]), trial.state is TrialState.DIVERGED)
        for trial in trials
    ]
    if distribution is None:
        return f"lower its learning_rate, {number(rates[0][0])} in all of them"
    highest = _highest_safe_rate(rates)
    if highest is None:
        least = min(rate for rate, _ in rates)
        if all(is_diverged for _, is_diverged in rates):
            return f"give its learning_rate values below {number(least)}, or drop {label}"
        return f"low rates diverged as well; set a `gradient_clip_norm`, or drop {label}"
    if isinstance(distribution, CategoricalDistribution):
        return f"drop the choices of its learning_rate above {number(highest)}"
    return f"give its learning_rate a range with `high` at {number(highest)}"


def _highest_safe_rate(rates: Sequence[tuple[float, bool]]) -> float | None:
    """Return the rate above which nearly all that diverged lie; None if no rate tells them apart.

    rates: (learning rate, whether the trial diverged). The rate is that of a trial which did not diverge;
    it has the fewest exceptions: trials above it that did not diverge, and trials up to it that did.
    """
    kept = np.sort([rate for rate, is_diverged in rates if not is_diverged])
    lost = np.sort([rate for rate, is_diverged in rates if is_diverged])
    if not len(kept):
        return None
    exceptions = len(kept) - np.searchsorted(kept, kept, "right") + np.searchsorted(lost, kept, "right")
    best = int(np.argmin(exceptions))
    return float(kept[best]) if exceptions[best] <= MAX_EXCEPTIONS * len(lost) else None
