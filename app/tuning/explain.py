"""The sentences that say why a configuration is recommended; every one cites the figures it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.records import Configuration, FinishedTrial
from app.tuning.objective import build_objective
from app.tuning.race import RaceField, describe
from app.tuning.statistics import Mean
from app.tuning.verdict import Comparison, Verdict


def explain(spec: JobSpec, verdict: Verdict, finished: Sequence[FinishedTrial]) -> list[str]:
    """Why this one, against which baselines, and what its schedule did."""
    metric = build_objective(spec.objective).metric
    return [
        _search(spec, finished),
        _choice(metric, verdict),
        *_confirmation(metric, verdict),
        *(_baseline(comparison, verdict) for comparison in verdict.baselines),
        *_schedule(verdict),
        _shape(verdict.configuration, spec.budget.steps),
    ]


def explain_best_trial(
    spec: JobSpec, field: RaceField, value: float, finished: Sequence[FinishedTrial]
) -> list[str]:
    """The sentences of a job that races nothing."""
    metric = build_objective(spec.objective).metric
    return [
        _search(spec, finished),
        f"{_name(field, 0)} was the best of them: its {metric} was {number(value)}. It was not run again, "
        "because confirmation is null.",
        _shape(field.candidates[0], spec.budget.steps),
    ]


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"


def interval(mean: Mean) -> str:
    """The 95 % interval in words."""
    assert mean.ci95 is not None
    return f"95 % interval {number(mean.ci95[0])} to {number(mean.ci95[1])}"


def _search(spec: JobSpec, finished: Sequence[FinishedTrial]) -> str:
    counts = Counter(trial.state for trial in finished)
    endings = (TrialState.PRUNED, TrialState.DIVERGED, TrialState.FAILED)
    others = [f"{counts[state]} {state}" for state in endings if counts[state]]
    rest = f" ({', '.join(others)})" if others else ""
    return (
        f"{counts[TrialState.COMPLETED]} of {len(finished)} trials ran all {spec.budget.steps} updates{rest}."
    )


def _name(field: RaceField, entry: int) -> str:
    """An entry at the start of a sentence."""
    if field.is_baseline(entry):
        return f"The default ({field.labels[entry]})"
    return f"Trial {field.numbers[entry]} ({describe(field.candidates[entry])})"


def _choice(metric: str, verdict: Verdict) -> str:
    name, raced = _name(verdict.field, verdict.winner), verdict.raced[verdict.winner]
    count, defaults = len(verdict.field.entries), len(verdict.field.baselines)
    among = f"of {count} configurations, {defaults} of them defaults"
    if raced is None:
        return f"All {among}, diverged on some fresh seed; {name} did so on the fewest."
    if verdict.deterministic:
        return (
            f"{name} had the lowest {metric} {among}: {number(raced.mean)}. Every run of this objective is "
            "the same, so one replicate of each is enough and intervals have no width."
        )
    return (
        f"{name} had the lowest mean {metric} {among}, raced on the same fresh seeds: {number(raced.mean)}. "
        f"The probability that it is the best of them is {verdict.probabilities[verdict.winner]:.2f}."
    )


def _confirmation(metric: str, verdict: Verdict) -> list[str]:
    """The winner's own figures, which its luck in the race has no part in."""
    if verdict.own is None:
        return [
            f"It diverged on {verdict.own_diverged} of {verdict.replicates} seeds drawn after it was chosen, "
            "so its mean is not known."
        ]
    if verdict.deterministic:
        return []
    return [
        f"On {verdict.replicates} more seeds, drawn after it was chosen, its mean {metric} was "
        f"{number(verdict.own.mean)} ({interval(verdict.own)}); the other candidates' figures are from the "
        "race."
    ]


def _baseline(comparison: Comparison, verdict: Verdict) -> str:
    """The winner against a default, both on the seeds drawn after the choice."""
    label = f"The default ({comparison.label})"
    if comparison.other is None:
        if verdict.deterministic:
            return f"{label} diverged."
        return f"{label} diverged on {comparison.diverged} of those {verdict.replicates} seeds."
    if comparison.difference is None or verdict.own is None:
        return f"{label} had {number(comparison.other.mean)}."
    had = f"{label} had {number(comparison.other.mean)}, {_gap(comparison.difference)}"
    if verdict.deterministic:
        return f"{had}."
    return (
        f"{had} ({_gap_interval(comparison.difference)}); the probability that the "
        f"recommended one is better is {comparison.probability_better:.2f}."
    )


def _schedule(verdict: Verdict) -> list[str]:
    """What the schedule did, against the best entry of the race with a constant one, or without."""
    rival = verdict.rival
    if rival is None or rival.difference is None or rival.other is None:
        return []
    kind = verdict.configuration.schedule["kind"]
    other = "any other schedule" if kind == "constant" else "a constant schedule"
    spread = "" if verdict.deterministic else f" ({_gap_interval(rival.difference)})"
    return [
        f"The best of the race with {other} ({rival.label}) had {number(rival.other.mean)} there, "
        f"{_gap(rival.difference)} than this one with its {kind} schedule{spread}."
    ]


def _gap(difference: Mean) -> str:
    """How far the other one lies from the winner; `difference` is winner minus other."""
    if difference.mean == 0.0:
        return "no more"
    return f"{number(abs(difference.mean))} {'more' if difference.mean < 0 else 'less'}"


def _gap_interval(difference: Mean) -> str:
    """The interval of that gap, counted in its own direction."""
    assert difference.ci95 is not None
    low, high = difference.ci95
    return interval(Mean(-difference.mean, (-high, -low)) if difference.mean < 0 else difference)


def _shape(configuration: Configuration, steps: int) -> str:
    peak = configuration.optimizer["learning_rate"]
    rates = peak * configuration.schedule_instance().table(steps)
    first, last, top = number(rates[0]), number(rates[-1]), number(rates.max())
    if rates.min() == rates.max():
        return f"Its learning rate is {top} in all {steps} updates."
    at = int(np.argmax(rates))
    rise = "" if at == 0 else f", rises to {top} in update {at},"
    return f"Its learning rate starts at {first}{rise} and ends at {last} in update {steps - 1}."
