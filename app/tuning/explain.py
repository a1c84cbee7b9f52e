"""The sentences that say why a configuration is recommended; they cite the figures that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from app.engine.schedules.constant import Constant
from app.engine.schedules.loss_driven import LossDriven
from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.records import Configuration, FinishedTrial
from app.tuning.figures import Gap, interval, listed, number, probability
from app.tuning.objective import build_objective
from app.tuning.race import RaceField
from app.tuning.verdict import Comparison, Verdict


def explain(spec: JobSpec, verdict: Verdict, finished: Sequence[FinishedTrial]) -> list[str]:
    """At most six sentences: search, choice, own figures, the best default, the other schedule, the rates."""
    metric = build_objective(spec.objective).metric.replace("_", " ")
    default = best_default(verdict)
    return [
        _search(spec, finished),
        _choice(metric, verdict),
        *_confirmation(metric, verdict),
        *_defaults(verdict, default),
        *_schedule(verdict, default),
        _rates(verdict.configuration, spec.budget.steps),
    ]


def explain_best_trial(
    spec: JobSpec, field: RaceField, value: float, finished: Sequence[FinishedTrial]
) -> list[str]:
    """The sentences of a job that races nothing."""
    metric = build_objective(spec.objective).metric.replace("_", " ")
    return [
        _search(spec, finished),
        f"The recommended configuration, {in_words(field.candidates[0])}, had the lowest {metric}, "
        f"{number(value)}; it was not run again, because confirmation is null.",
        _rates(field.candidates[0], spec.budget.steps),
    ]


def best_default(verdict: Verdict) -> Comparison | None:
    """Of the defaults that did not win, the one with the lowest mean; None where all of them diverged."""
    others = verdict.other_defaults
    found = [(other.other.mean, i) for i, other in enumerate(others) if other.other is not None]
    return others[min(found)[1]] if found else None


def in_words(configuration: Configuration, *, is_default: bool = False) -> str:
    """Such as "adam (learning rate 0.004, cosine schedule, batch size 32, l2 0.001)"."""
    optimizer, schedule = configuration.optimizer, configuration.schedule
    name = f"{optimizer['kind']} at its defaults" if is_default else optimizer["kind"]
    parts = [f"learning rate {number(optimizer['learning_rate'])}", f"{schedule['kind']} schedule"]
    parts += [] if configuration.batch_size is None else [f"batch size {configuration.batch_size}"]
    parts += [f"{setting} {number(value)}" for setting, value in configuration.settings.items()]
    return f"{name} ({', '.join(parts)})"


def _search(spec: JobSpec, finished: Sequence[FinishedTrial]) -> str:
    counts = Counter(trial.state for trial in finished)
    ran = f"ran all {spec.budget.steps} updates"
    if counts[TrialState.COMPLETED] == len(finished) > 1:
        return f"All {len(finished)} trials {ran}."
    parts = [f"{counts[TrialState.COMPLETED]} {ran}"]
    pruned = counts[TrialState.PRUNED]
    parts += [f"{pruned} {'was' if pruned == 1 else 'were'} pruned"] if pruned else []
    endings = (TrialState.DIVERGED, TrialState.FAILED)
    parts += [f"{counts[state]} {state}" for state in endings if counts[state]]
    return f"Of {len(finished)} trials, {listed(parts)}."


def _choice(metric: str, verdict: Verdict) -> str:
    """Who met in the race, and who won it."""
    searched, defaults = len(verdict.field.candidates), len(verdict.field.baselines)
    best = "The best of these" if searched == 1 else f"The best {searched} of these"
    where = f"on {verdict.replicates} fresh seeds"
    if verdict.deterministic:
        where = "once each, because every run of this objective is the same"
    race = f"{best} raced {defaults} {_plural('default', defaults)} {where}"
    if verdict.is_default:
        race += ", and a default won, as the search found nothing better"
    winner = in_words(verdict.configuration, is_default=verdict.is_default)
    chosen = f"the recommended configuration, {winner},"
    raced = verdict.raced[verdict.winner]
    if raced is None:
        return f"{race}: all of them diverged on some, {chosen} on the fewest."
    if verdict.deterministic:
        return f"{race}: {chosen} had the lowest {metric}, {number(raced.mean)}."
    chance = probability(verdict.probabilities[verdict.winner])
    lowest = f"had the lowest mean {metric}, and is the best of them with a probability of"
    return f"{race}: {chosen} {lowest} {chance}."


def _confirmation(metric: str, verdict: Verdict) -> list[str]:
    """The winner's own figures, which its luck in the race has no part in."""
    if verdict.own is None:
        return [
            f"It diverged on {verdict.own_diverged} of {verdict.replicates} more seeds, drawn after this "
            "choice, so its mean is not known."
        ]
    if verdict.deterministic:
        return []
    return [
        f"On {verdict.replicates} more seeds, drawn after this choice, its mean {metric} was "
        f"{number(verdict.own.mean)} ({interval(verdict.own)})."
    ]


def _defaults(verdict: Verdict, best: Comparison | None) -> list[str]:
    """The winner against the best of the defaults, both on the seeds drawn after the choice."""
    others = verdict.other_defaults
    if not others:
        return []
    other = "other " if verdict.is_default else ""
    those = f"the {other}{len(others)} defaults" if len(others) > 1 else f"the {other}default"
    if best is None:
        where = "" if verdict.deterministic else " on some of the same seeds"
        return [f"T{those[1:]} {'all ' if len(others) > 1 else ''}diverged{where}."]
    words = in_words(best.configuration)
    name = f"{'the best of ' if len(others) > 1 else ''}{those}, {words},"
    if verdict.rival is not None and verdict.rival.entry == best.entry:
        name += f" also the best with {_other_schedule(verdict)},"
    return [_compared(name, verdict, best)]


def _schedule(verdict: Verdict, default: Comparison | None) -> list[str]:
    """The winner against the best of the race with a constant schedule, or without; unless that was said."""
    rival = verdict.rival
    if rival is None or rival.other is None or (default is not None and rival.entry == default.entry):
        return []
    words = in_words(rival.configuration, is_default=verdict.field.is_baseline(rival.entry))
    return [_compared(f"the best of the race with {_other_schedule(verdict)}, {words},", verdict, rival)]


def _other_schedule(verdict: Verdict) -> str:
    is_constant = verdict.configuration.schedule["kind"] == Constant.kind
    return "a schedule that is not constant" if is_constant else "a constant schedule"


def _compared(name: str, verdict: Verdict, comparison: Comparison) -> str:
    """What another configuration had, and how far the winner is from it."""
    assert comparison.other is not None
    had = f"{name[0].upper()}{name[1:]} had {number(comparison.other.mean)}"
    difference = comparison.difference
    if not verdict.deterministic:
        had += " on the same seeds"
    if difference is None or difference.ci95 is None or comparison.probability_better is None:
        return f"{had}."
    gap = Gap(difference, comparison.other.mean)
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
            f"The recommended learning rate peaks at {number(peak)} and follows the losses, "
            "so each run takes its own."
        )
    rates = peak * schedule.table(steps)
    first, last, top = number(rates[0]), number(rates[-1]), number(rates.max())
    if rates.min() == rates.max():
        return f"The recommended learning rate is {top} in all {steps} updates."
    at = int(np.argmax(rates))
    rise = "" if at == 0 else f", rises to {top} in update {at},"
    return f"The recommended learning rate starts at {first}{rise} and ends at {last}."


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
