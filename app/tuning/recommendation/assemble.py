"""Puts the recommendation together: the chosen configuration, the evidence, the sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.records import Configuration, FinishedTrial
from app.spec.job import JobSpec
from app.spec.resources.recommendations import (
    Baseline,
    Candidate,
    Difference,
    Evidence,
    OutsideSpace,
    Recommendation,
)
from app.tuning.decision.race_history import RaceHistory
from app.tuning.evaluation.objective import build_objective
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.explanation import explain, explain_best_trial
from app.tuning.recommendation.summary import summarise, summarise_unconfirmed
from app.tuning.recommendation.warnings.all_warnings import caution, caution_unconfirmed


def recommend(
    spec: JobSpec,
    course: RaceHistory,
    verdict: Verdict,
    finished: Sequence[FinishedTrial],
    metrics: Mapping[str, float],
    taken: dict[str, Any] | None = None,
) -> Recommendation:
    """The recommendation of a job whose best configurations were raced.

    All figures of the evidence, and the metrics of the winner, are of the seeds drawn after the choice; nan
    where it diverged on one. taken: what the winner's schedule took, where it follows the losses.
    """
    evidence = Evidence(
        metric=build_objective(spec.objective).metric,
        replicates=verdict.replicates,
        candidates=_candidates(verdict),
        baselines=[_baseline(comparison) for comparison in verdict.baselines],
    )
    peaks = course.horizons.peaks
    return Recommendation(
        **_parts(verdict.configuration),
        taken_schedule=taken,
        total_steps=spec.budget.steps,
        safe_learning_rate=course.safe,
        metrics={name: mean if math.isfinite(mean) else None for name, mean in metrics.items()},
        evidence=evidence,
        horizons=None if peaks is None else list(peaks),
        outside_space=_outside(verdict),
        summary=summarise(spec, course, verdict),
        explanation=explain(spec, course, verdict, finished),
        warnings=caution(spec, course, verdict, finished),
    )


def recommend_unconfirmed(
    spec: JobSpec, best: RaceCandidate, finished: Sequence[FinishedTrial], taken: dict[str, Any] | None = None
) -> Recommendation:
    """The best trial as it is."""
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
    metric = build_objective(spec.objective).metric
    evidence = Evidence(metric=metric, replicates=0, candidates=[candidate], baselines=[])
    return Recommendation(
        **_parts(best.configuration),
        taken_schedule=taken,
        total_steps=spec.budget.steps,
        safe_learning_rate=None,
        evidence=evidence,
        summary=summarise_unconfirmed(spec, best.configuration, value, finished),
        explanation=explain_best_trial(spec, best.configuration, value, finished),
        warnings=caution_unconfirmed(spec, best, finished),
    )


def _candidates(verdict: Verdict) -> list[Candidate]:
    """The recommended one, then the others of the final by their mean; those that diverged last."""
    others = list(range(1, verdict.count))
    means = {i: result.mean for i in others if (result := verdict.means[i]) is not None}
    others.sort(key=lambda i: (i not in means, means.get(i, 0.0), i))
    return [_candidate(verdict, i) for i in (0, *others)]


def _candidate(verdict: Verdict, i: int) -> Candidate:
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
    result = comparison.other
    return Baseline(
        label=comparison.entry.label,
        mean=None if result is None else result.mean,
        ci95=None if result is None else result.ci95,
        difference=_difference(comparison),
        **_parts(comparison.entry.configuration),
    )


def _outside(verdict: Verdict) -> OutsideSpace | None:
    """Return the default outside the space that was better beyond doubt, if one was."""
    found = verdict.outside_space
    difference = None if found is None else _difference(found)
    if found is None or found.other is None or difference is None:
        return None
    configuration = found.entry.configuration
    return OutsideSpace(
        label=found.entry.label,
        optimizer=configuration.optimizer,
        schedule=configuration.schedule,
        mean=found.other.mean,
        ci95=found.other.ci95,
        difference=difference,
    )


def _difference(comparison: Comparison) -> Difference | None:
    difference, better = comparison.difference, comparison.probability_better
    if difference is None or difference.ci95 is None or better is None:
        return None
    return Difference(mean=difference.mean, ci95=difference.ci95, probability_better=better)


def _parts(configuration: Configuration) -> dict[str, Any]:
    # Any: the fields that a recommendation, a candidate and a baseline share, as JSON has them.
    return {
        "optimizer": configuration.optimizer,
        "schedule": configuration.schedule,
        "batch_size": configuration.batch_size,
        "settings": configuration.settings,
    }
