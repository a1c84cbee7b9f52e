"""The sentences that say why a configuration is recommended; they cite the figures that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.engine.schedules.loss_driven import LossDriven
from app.spec.job import JobSpec
from app.tuning.decision.race_history import RaceHistory
from app.tuning.evaluation.objective import build_objective
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.formatting import Gap, interval, listed, number, probability
from app.tuning.recommendation.race_explanation import tell_race
from app.tuning.recommendation.range_explanation import tell_horizons, tell_range
from app.tuning.recommendation.wording import in_words


def explain(
    spec: JobSpec, course: RaceHistory, verdict: Verdict, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return the sentences in the order of the stages: search, race, choice, figures, range and horizons."""
    metric = build_objective(spec.objective).metric.replace("_", " ")
    return [
        _search(spec, finished),
        *tell_race(metric, course, verdict),
        *_confirmation(metric, verdict),
        *_defaults(verdict),
        *_constant(verdict),
        *tell_range(course),
        *tell_horizons(spec, course),
        _rates(verdict.configuration, spec.budget.steps),
    ]


def explain_best_trial(
    spec: JobSpec, best: Configuration, value: float, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return the sentences of a job that races nothing."""
    metric = build_objective(spec.objective).metric.replace("_", " ")
    return [
        _search(spec, finished),
        f"The recommended configuration, {in_words(best)}, had the lowest {metric}, "
        f"{number(value)}. Nothing was run again, because confirmation is null.",
        _rates(best, spec.budget.steps),
    ]


def best_default(verdict: Verdict) -> Comparison | None:
    """Return the default with the lowest mean that is not recommended; None where all of them diverged."""
    others = verdict.other_defaults
    found = [(other.other.mean, i) for i, other in enumerate(others) if other.other is not None]
    return others[min(found)[1]] if found else None


def _search(spec: JobSpec, finished: Sequence[FinishedTrial]) -> str:
    """Return how the trials ended, and what their lowest value is worth."""
    counts = Counter(trial.state for trial in finished)
    ran = f"ran all {spec.budget.steps} updates"
    parts = [f"{counts[TrialState.COMPLETED]} {ran}"]
    pruned = counts[TrialState.PRUNED]
    parts += [f"{pruned} {'was' if pruned == 1 else 'were'} pruned"] if pruned else []
    endings = (TrialState.DIVERGED, TrialState.FAILED)
    parts += [f"{counts[state]} {state}" for state in endings if counts[state]]
    text = f"Of {len(finished)} trials, {listed(parts)}"
    if counts[TrialState.COMPLETED] == len(finished) > 1:
        text = f"All {len(finished)} trials {ran}"
    values = [trial.value for trial in finished if trial.value is not None]
    if len(values) < 2 or build_objective(spec.objective).deterministic:
        return f"{text}."
    return f"{text}; their lowest value, {number(min(values))}, is the luckiest of {len(values)}."


def _confirmation(metric: str, verdict: Verdict) -> list[str]:
    """Return the figures of the recommended configuration, in which luck in the race has no part."""
    if verdict.own is None:
        return [
            f"The recommended configuration diverged on {verdict.own_diverged} of {verdict.replicates} seeds "
            "drawn after the choice, so the mean is not known."
        ]
    if verdict.deterministic:
        return []
    return [
        f"On {verdict.replicates} seeds drawn after the choice the mean {metric} of the recommended "
        f"configuration was {number(verdict.own.mean)} ({interval(verdict.own)})."
    ]


def _defaults(verdict: Verdict) -> Iterator[str]:
    """Yield the comparison with the best of the defaults, on the seeds drawn after the choice."""
    others, best = verdict.other_defaults, best_default(verdict)
    other = "other " if verdict.is_default else ""
    those = f"the {other}{len(others)} defaults" if len(others) > 1 else f"the {other}default"
    if best is not None:
        of = "the best of " if len(others) > 1 else ""
        yield _compared(f"{of}{those}, {in_words(best.entry)},", verdict, best)
    elif others:
        where = "" if verdict.deterministic else " on some of the same seeds"
        yield f"T{those[1:]} {'all ' if len(others) > 1 else ''}diverged{where}."


def _constant(verdict: Verdict) -> Iterator[str]:
    """Yield the comparison with the best constant learning rate that was searched."""
    best = verdict.best_constant
    if best is not None and best.other is not None:
        name = f"the best constant learning rate, {in_words(best.entry)},"
        yield _compared(name, verdict, best)


def _compared(name: str, verdict: Verdict, comparison: Comparison) -> str:
    """Return what another configuration had, and how far the recommended one is from it."""
    assert comparison.other is not None
    had = f"{name[0].upper()}{name[1:]} had {number(comparison.other.mean)}"
    difference = comparison.difference
    if not verdict.deterministic:
        had += " on the same seeds"
    if difference is None or difference.ci95 is None or comparison.probability_better is None:
        return f"{had}."
    gap = Gap(difference, comparison.other.mean, is_nonnegative=verdict.is_nonnegative)
    if verdict.deterministic:
        return f"{had}; that of the recommended configuration is {gap}."
    low, high = difference.ci95
    standing = ";"
    if low <= 0.0 <= high:
        standing = f" and is as good, as far as {verdict.replicates} seeds can tell:"
    elif low > 0.0:
        standing = " and did better there:"
    figures = f"{gap} ({gap.interval}; probability of being lower"
    chance = probability(comparison.probability_better)
    return f"{had}{standing} the mean of the recommended configuration is {figures} {chance})."


def _rates(configuration: Configuration, steps: int) -> str:
    peak, schedule = configuration.optimizer["learning_rate"], configuration.schedule_instance()
    if isinstance(schedule, LossDriven):
        return (
            f"The recommended learning rate {schedule.begins_at}s at {number(peak)} and follows the losses, "
            "so each run takes its own."
        )
    rates = peak * schedule.table(steps)
    first, last, top = number(rates[0]), number(rates[-1]), number(rates.max())
    if rates.min() == rates.max():
        return f"The recommended learning rate is {top} in all {steps} updates."
    at = int(np.argmax(rates))
    rise = "" if at == 0 else f", rises to {top} in update {at},"
    return f"The recommended learning rate starts at {first}{rise} and ends at {last}."
