"""Assembly of the recommendation from the chosen configuration, the evidence and the texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.records import Configuration, FinishedTrial
from app.spec.resources.recommendations import (
    Baseline,
    Candidate,
    Difference,
    Evidence,
    OutsideSpace,
    Recommendation,
)
from app.tuning.decision.race_history import RaceHistory
from app.tuning.planning.plan import Plan
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.explanation import explain, explain_best_trial
from app.tuning.recommendation.summary import summarise, summarise_unconfirmed
from app.tuning.recommendation.warnings.all_warnings import confirmed_warnings, unconfirmed_warnings


def recommend(
    plan: Plan,
    history: RaceHistory,
    verdict: Verdict,
    finished: Sequence[FinishedTrial],
    metrics: Mapping[str, float],
    taken: dict[str, Any] | None = None,
) -> Recommendation:
    """Return the recommendation of a job whose best configurations were raced.

    All figures of the evidence are of the seeds drawn after the choice.

    Args:
        plan: The job.
        history: The stages of the race.
        verdict: The figures of the confirmation.
        finished: Every trial of the search that ended.
        metrics: The mean metrics of the recommended configuration, on the same seeds; nan if a run diverged.
        taken: The table of rates that a loss-driven schedule took in its trial; None for other schedules.
    """
    evidence = Evidence(
        metric=plan.objective.metric,
        replicates=verdict.replicates,
        candidates=_candidates(verdict),
        baselines=[_baseline(comparison) for comparison in verdict.baselines],
    )
    peaks = history.horizons.peaks
    return Recommendation(
        **_parts(verdict.configuration),
        taken_schedule=taken,
        total_steps=plan.steps,
        safe_learning_rate=history.safe,
        metrics={name: mean if math.isfinite(mean) else None for name, mean in metrics.items()},
        evidence=evidence,
        horizons=None if peaks is None else list(peaks),
        outside_space=_outside(verdict),
        summary=summarise(plan, history, verdict),
        explanation=explain(plan, history, verdict, finished),
        warnings=confirmed_warnings(plan, history, verdict, finished),
    )


def recommend_unconfirmed(
    plan: Plan, best: RaceCandidate, finished: Sequence[FinishedTrial], taken: dict[str, Any] | None = None
) -> Recommendation:
    """Return the recommendation of a job without confirmation: the best trial, with its value.

    Args:
        plan: The job.
        best: The best completed trial.
        finished: Every trial of the search that ended.
        taken: The table of rates that a loss-driven schedule took in its trial; None for other schedules.
    """
    value = next(trial.value for trial in finished if trial.number == best.number)
    assert value is not None
    candidate = Candidate(
        label=best.label,
        mean=value,
        ci95=None,
        probability_best=None,
        source=best.source,
        **_parts(best.configuration),
    )
    metric = plan.objective.metric
    evidence = Evidence(metric=metric, replicates=0, candidates=[candidate], baselines=[])
    return Recommendation(
        **_parts(best.configuration),
        taken_schedule=taken,
        total_steps=plan.steps,
        safe_learning_rate=None,
        evidence=evidence,
        summary=summarise_unconfirmed(plan, best.configuration, value, finished),
        explanation=explain_best_trial(plan, best.configuration, value, finished),
        warnings=unconfirmed_warnings(plan, best, finished),
    )


def _candidates(verdict: Verdict) -> list[Candidate]:
    """Return the recommended candidate, then the others by their mean, diverged ones last."""
    others = list(range(1, verdict.count))
    means = {i: result.mean for i in others if (result := verdict.means[i]) is not None}
    others.sort(key=lambda i: (i not in means, means.get(i, 0.0), i))
    return [_candidate(verdict, i) for i in (0, *others)]


def _candidate(verdict: Verdict, i: int) -> Candidate:
    """Return the candidate in row i of the verdict."""
    entry, result = verdict.entries[i], verdict.means[i]
    return Candidate(
        label=entry.label,
        mean=None if result is None else result.mean,
        ci95=None if result is None else result.ci95,
        difference=_difference(verdict.comparisons[i]),
        probability_best=verdict.probabilities[i],
        source=entry.source,
        **_parts(entry.configuration),
    )


def _baseline(comparison: Comparison) -> Baseline:
    """Return the baseline of a comparison."""
    result = comparison.other
    return Baseline(
        label=comparison.entry.label,
        mean=None if result is None else result.mean,
        ci95=None if result is None else result.ci95,
        difference=_difference(comparison),
        **_parts(comparison.entry.configuration),
    )


def _outside(verdict: Verdict) -> OutsideSpace | None:
    """Return the default outside the search space that is certainly better; None if there is none."""
    default = verdict.outside_space
    difference = None if default is None else _difference(default)
    if default is None or default.other is None or difference is None:
        return None
    configuration = default.entry.configuration
    return OutsideSpace(
        label=default.entry.label,
        optimizer=configuration.optimizer,
        schedule=configuration.schedule,
        mean=default.other.mean,
        ci95=default.other.ci95,
        difference=difference,
    )


def _difference(comparison: Comparison) -> Difference | None:
    """Return recommended minus other; None if either diverged, or without an interval."""
    difference, better = comparison.difference, comparison.probability_better
    if difference is None or difference.ci95 is None or better is None:
        return None
    return Difference(mean=difference.mean, ci95=difference.ci95, probability_better=better)


def _parts(configuration: Configuration) -> dict[str, Any]:
    """Return the fields that a recommendation, a candidate and a baseline share."""
    # Any: values as in JSON.
    return {
        "optimizer": configuration.optimizer,
        "schedule": configuration.schedule,
        "batch_size": configuration.batch_size,
        "settings": configuration.settings,
    }
