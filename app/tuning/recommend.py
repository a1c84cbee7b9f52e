"""Puts the recommendation together: the chosen configuration, the evidence, the sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from app.spec.job import JobSpec
from app.spec.recommendation import (
    Baseline,
    Candidate,
    Difference,
    Evidence,
    Recommendation,
    SafeLearningRate,
)
from app.spec.records import Configuration, FinishedTrial
from app.tuning.cautions import caution
from app.tuning.explain import explain, explain_best_trial
from app.tuning.objective import build_objective
from app.tuning.race import RaceField
from app.tuning.statistics import Mean
from app.tuning.sweep import safe_learning_rate, sweep_entries
from app.tuning.verdict import Comparison, Values, Verdict, choose, confirm_entries, reach_verdict

__all__ = ["choose", "confirm_entries", "recommend", "sweep_entries"]


def recommend(
    spec: JobSpec,
    field: RaceField,
    race_values: Values | None,
    winner: int,
    confirm_values: Values | None,
    sweep_values: Values | None,
    finished: Sequence[FinishedTrial],
    taken: dict[str, Any] | None = None,
) -> Recommendation:
    """The recommendation of a job.

    race_values: (entries, replicates), by which `winner` was chosen. confirm_values: (finalists, replicates),
    in the order of `confirm_entries`, on seeds drawn after the choice; the winner's interval and every
    comparison with it come from these. sweep_values: those of `sweep_entries`, or None. Without race values
    the best trial is recommended as it is. taken: what the winner's schedule took, where it follows the
    losses.
    """
    if race_values is None or confirm_values is None:
        return _unconfirmed(spec, field, finished, taken)
    verdict = reach_verdict(spec, field, race_values, winner, confirm_values)
    evidence = Evidence(
        metric=build_objective(spec.objective).metric,
        replicates=verdict.replicates,
        candidates=_candidates(verdict),
        baselines=[_baseline(comparison) for comparison in verdict.baselines],
    )
    safe = None if sweep_values is None else safe_learning_rate(verdict.configuration, sweep_values)
    sentences = explain(spec, verdict, finished)
    warnings = caution(spec, verdict, verdict.configuration, finished)
    return _answer(spec, verdict.configuration, taken, safe, evidence, sentences, warnings)


def _unconfirmed(
    spec: JobSpec, field: RaceField, finished: Sequence[FinishedTrial], taken: dict[str, Any] | None
) -> Recommendation:
    best, label = field.candidates[0], field.labels[0]
    value = next(trial.value for trial in finished if trial.number == field.numbers[0])
    assert value is not None
    candidate = Candidate(
        label=label, mean=value, ci95=None, probability_best=None, source="search", **_parts(best)
    )
    metric = build_objective(spec.objective).metric
    evidence = Evidence(metric=metric, replicates=0, candidates=[candidate], baselines=[])
    sentences = explain_best_trial(spec, field, value, finished)
    return _answer(spec, best, taken, None, evidence, sentences, caution(spec, None, best, finished))


def _answer(
    spec: JobSpec,
    best: Configuration,
    taken: dict[str, Any] | None,
    safe: SafeLearningRate | None,
    evidence: Evidence,
    sentences: list[str],
    warnings: list[str],
) -> Recommendation:
    return Recommendation(
        **_parts(best),
        taken_schedule=taken,
        total_steps=spec.budget.steps,
        safe_learning_rate=safe,
        evidence=evidence,
        explanation=sentences,
        warnings=warnings,
    )


def _candidates(verdict: Verdict) -> list[Candidate]:
    """The winner, then the others of the search by their mean in the race; those that diverged last."""
    others = [i for i in range(len(verdict.field.candidates)) if i != verdict.winner]
    means = {i: result.mean for i in others if (result := verdict.raced[i]) is not None}
    others.sort(key=lambda i: (i not in means, means.get(i, 0.0), i))
    return [_candidate(verdict, i) for i in (verdict.winner, *others)]


def _candidate(verdict: Verdict, entry: int) -> Candidate:
    result = verdict.own if entry == verdict.winner else verdict.raced[entry]
    source: Literal["baseline", "search"] = "baseline" if verdict.field.is_baseline(entry) else "search"
    return Candidate(
        label=verdict.field.labels[entry],
        mean=None if result is None else result.mean,
        ci95=None if result is None else result.ci95,
        probability_best=verdict.probabilities[entry],
        source=source,
        **_parts(verdict.field.entries[entry]),
    )


def _baseline(comparison: Comparison) -> Baseline:
    result = comparison.other
    return Baseline(
        label=comparison.label,
        mean=None if result is None else result.mean,
        ci95=None if result is None else result.ci95,
        difference=_difference(comparison.difference, comparison.probability_better),
        **_parts(comparison.configuration),
    )


def _difference(difference: Mean | None, better: float | None) -> Difference | None:
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
