"""The explanation of a recommendation: how the configuration was found, with the figures of each stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.engine.schedules.loss_driven import LossDriven
from app.tuning.decision.race_history import RaceHistory
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.formatting import Gap, interval, listed, number, paragraph, probability
from app.tuning.recommendation.race_explanation import explain_race
from app.tuning.recommendation.range_explanation import explain_horizons, explain_range
from app.tuning.recommendation.wording import in_words, settings_in_words


def explain(
    plan: Plan, history: RaceHistory, verdict: Verdict, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return one text a stage: search, race, choice, confirmation, comparisons, range and horizons."""
    metric = plan.objective.metric.replace("_", " ")
    mean = metric if verdict.deterministic else f"mean {metric}"
    return [
        _search(plan, metric, finished),
        *explain_race(mean, history, verdict),
        *_confirmation(mean, verdict),
        *_defaults(mean, verdict),
        *_constant(mean, verdict),
        *explain_range(history),
        *explain_horizons(plan, history),
        _rates(verdict.configuration, plan.steps),
    ]


def explain_best_trial(
    plan: Plan, best: Configuration, value: float, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return the texts of a job without a race."""
    metric = plan.objective.metric.replace("_", " ")
    return [
        _search(plan, metric, finished),
        paragraph(
            f"The recommended configuration is {in_words(best)}.",
            settings_in_words(best),
            f"The {metric} of its trial was the lowest, {number(value)}.",
            "Nothing was run again, because `confirmation` is null.",
        ),
        _rates(best, plan.steps),
    ]


def best_default(verdict: Verdict) -> Comparison | None:
    """Return the default with the lowest mean that is not recommended; None if all of them diverged."""
    others = verdict.other_defaults
    means = [(default.other.mean, i) for i, default in enumerate(others) if default.other is not None]
    return others[min(means)[1]] if means else None


def _search(plan: Plan, metric: str, finished: Sequence[FinishedTrial]) -> str:
    """Return how the trials ended, and that their lowest value is partly luck."""
    counts = Counter(trial.state for trial in finished)
    completed = f"ran all {plan.steps:,} updates"
    parts = [f"{counts[TrialState.COMPLETED]} {completed}"]
    pruned = counts[TrialState.PRUNED]
    parts += [f"{pruned} {'was' if pruned == 1 else 'were'} pruned"] if pruned else []
    endings = (TrialState.DIVERGED, TrialState.FAILED)
    parts += [f"{counts[state]} {state}" for state in endings if counts[state]]
    text = f"Of {len(finished)} trials, {listed(parts)}."
    if counts[TrialState.COMPLETED] == len(finished):
        text = f"{f'All {len(finished)} trials' if len(finished) > 1 else 'The only trial'} {completed}."
    values = [trial.value for trial in finished if trial.value is not None]
    if len(values) < 2 or plan.is_exact:
        return text
    lowest = number(min(values))
    return f"{text} The lowest {metric}, {lowest}, is partly luck, as the lowest of {len(values)} values."


def _confirmation(mean: str, verdict: Verdict) -> list[str]:
    """Return the figures of the recommended configuration, on seeds that the race did not use."""
    if verdict.winner_mean is None:
        return [
            f"The recommended configuration diverged on {verdict.winner_diverged} of {verdict.replicates} "
            "seeds drawn after the choice, so the mean is not known."
        ]
    if verdict.deterministic:
        return []
    return [
        f"On {verdict.replicates} seeds drawn after the choice the {mean} of the recommended "
        f"configuration was {number(verdict.winner_mean.mean)} ({interval(verdict.winner_mean)})."
    ]


def _defaults(mean: str, verdict: Verdict) -> Iterator[str]:
    """Yield the comparison with the best of the defaults, on the seeds drawn after the choice."""
    others, best = verdict.other_defaults, best_default(verdict)
    other = "other " if verdict.is_default else ""
    count = f"{other}{len(others)} defaults" if len(others) > 1 else f"{other}default"
    if best is not None:
        name = f"The best of the {count}" if len(others) > 1 else f"The {count}"
        yield _comparison(f"{name} is", "default", mean, verdict, best)
    elif others:
        seed_note = "" if verdict.deterministic else " on some of the same seeds"
        yield f"The {count} {'all ' if len(others) > 1 else ''}diverged{seed_note}."


def _constant(mean: str, verdict: Verdict) -> Iterator[str]:
    """Yield the comparison with the best constant learning rate that was searched."""
    best = verdict.best_constant
    if best is not None and best.other is not None:
        yield _comparison("The best constant learning rate is that of", "constant rate", mean, verdict, best)


def _comparison(start: str, noun: str, mean: str, verdict: Verdict, comparison: Comparison) -> str:
    """Return the mean of another configuration, and the difference of the recommended one to that mean.

    Args:
        start: The start of the sentence that names the other configuration.
        noun: The noun for the other configuration in the further sentences.
        mean: The metric in words, such as "mean loss".
        verdict: The figures of the confirmation.
        comparison: The comparison with the other configuration.
    """
    assert comparison.other is not None
    seed_note = "" if verdict.deterministic else " on the same seeds"
    text = paragraph(
        f"{start} {in_words(comparison.entry)}.",
        settings_in_words(comparison.entry),
        f"The {mean} of this {noun} was {number(comparison.other.mean)}{seed_note}.",
    )
    difference = comparison.difference
    if difference is None or difference.ci95 is None or comparison.probability_better is None:
        return text
    gap = Gap(difference, comparison.other.mean, is_nonnegative=verdict.is_nonnegative)
    gain = f"The {mean} of the recommended configuration is {gap}"
    if verdict.deterministic:
        return f"{text} {gain}."
    low, high = difference.ci95
    standing = ""
    if low <= 0.0 <= high:
        standing = f"The {noun} is as good, as far as {verdict.replicates} seeds can tell."
    elif low > 0.0:
        standing = f"The {noun} did better on these seeds."
    return paragraph(
        text,
        standing,
        f"{gain} ({gap.interval}).",
        f"The probability of being lower is {probability(comparison.probability_better)}.",
    )


def _rates(configuration: Configuration, steps: int) -> str:
    """Return the learning rate from the first update to the last."""
    peak, schedule = configuration.optimizer["learning_rate"], configuration.schedule_instance()
    if isinstance(schedule, LossDriven):
        return (
            f"The recommended learning rate {schedule.begins_at}s at {number(peak)} and follows the losses, "
            "so the later rates differ between runs."
        )
    rates = peak * schedule.table(steps)
    first, last, top = number(rates[0]), number(rates[-1]), number(rates.max())
    if rates.min() == rates.max():
        return f"The recommended learning rate is {top} in all {steps:,} updates."
    at = int(np.argmax(rates))
    rise = "" if at == 0 else f", rises to {top} in update {at:,},"
    return f"The recommended learning rate starts at {first}{rise} and ends at {last}."
