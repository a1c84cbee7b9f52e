"""The summary of a recommendation: one to four short texts for a newcomer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.decision.race_history import RaceHistory
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.formatting import (
    Gap,
    listed,
    number,
    paragraph,
    percent,
    plural,
    probability,
)
from app.tuning.recommendation.range_explanation import range_in_words
from app.tuning.statistics import CONFIDENCE

MIN_CERTAIN_PROBABILITY = (1.0 + CONFIDENCE) / 2.0  # of being better, from which a gain is called certain


def summarise(plan: Plan, history: RaceHistory, verdict: Verdict) -> list[str]:
    """Return what to use, how much better the setting is, how certain the gain is, and what to watch."""
    metric = plan.objective.metric.replace("_", " ")
    comparisons = [(name, comparison) for name, comparison in _compared(verdict) if comparison is not None]
    certainty = _certainty(verdict, comparisons)
    return [
        _setting(plan.spec, verdict.configuration),
        _gain(metric, verdict, comparisons),
        *([certainty] if certainty else []),
        _watch(history, verdict),
    ]


def summarise_unconfirmed(
    plan: Plan, best: Configuration, value: float, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return what to use, and how far a value of the search can be trusted."""
    objective = plan.objective
    metric = objective.metric.replace("_", " ")
    completed = sum(trial.state is TrialState.COMPLETED for trial in finished)
    if objective.deterministic:
        trust = (
            "Every run of this objective is the same, so the figure is exact. "
            "Set `confirmation` to compare the setting with the defaults."
        )
    else:
        trust = (
            f"The lowest value of a search is partly luck: fresh seeds give a higher {metric} on average. "
            "Set `confirmation` to measure the setting on fresh seeds."
        )
    return [
        _setting(plan.spec, best),
        f"The {metric} was {number(value)}, the lowest of {completed} completed "
        f"{plural('trial', completed)}. No default ran beside the best trial.",
        trust,
    ]


def _setting(spec: JobSpec, configuration: Configuration) -> str:
    """Return sentences with optimizer, peak, schedule, batch size, length and the objective's settings."""
    optimizer, schedule = configuration.optimizer, configuration.schedule
    warmup = schedule.get("warmup_fraction", 0.0)
    rate = number(optimizer["learning_rate"])
    if schedule["kind"] == "constant" and not warmup:
        rates = [f"a constant learning rate of {rate}"]
    else:
        kind = {"table": "refined", "linear": "linear decay"}.get(schedule["kind"], schedule["kind"])
        shape = f"a {kind.replace('_', ' ')} schedule" + (f" with {percent(warmup)} warmup" if warmup else "")
        rates = [f"a peak learning rate of {rate}", shape]
    batch = configuration.batch_size
    size = [] if batch is None else ["the full batch"] if batch == "full" else [f"batches of {batch}"]
    settings = [f"{name} to {number(value)}" for name, value in configuration.settings.items()]
    return paragraph(
        f"Use {optimizer['kind']} with {listed([*rates, *size])}, for {spec.budget.steps:,} updates.",
        f"Set {listed(settings)}." if settings else "",
    )


def _compared(verdict: Verdict) -> list[tuple[str, Comparison | None]]:
    """Return the comparisons with the two best-known alternatives, each with its name."""
    return [("Adam's defaults", verdict.adam), ("the best constant rate", verdict.best_constant)]


def _gain(metric: str, verdict: Verdict, comparisons: Sequence[tuple[str, Comparison]]) -> str:
    """Return the mean of the recommended configuration, and its difference to each other mean."""
    if verdict.winner_mean is None:
        diverged_seeds = f"{verdict.winner_diverged} of {verdict.replicates} fresh seeds diverged"
        return f"The {metric} has no mean: {diverged_seeds}."
    seed_note = "" if verdict.deterministic else f" on average over {verdict.replicates} fresh seeds"
    gaps, diverged = (
        list(_gaps(comparisons)),
        [name for name, comparison in comparisons if comparison.other is None],
    )
    return paragraph(
        f"The {metric} is {number(verdict.winner_mean.mean)}{seed_note}.",
        f"The {metric} is {listed(gaps)}." if gaps else "",
        f"{_capitalised(listed(diverged))} diverged." if diverged else "",
    )


def _gaps(comparisons: Sequence[tuple[str, Comparison]]) -> Iterator[str]:
    """Yield the difference to each mean, such as "13 % lower than with Adam's defaults (0.2)"."""
    for name, comparison in comparisons:
        if (
            comparison.other is not None
            and comparison.difference is not None
            and comparison.difference.ci95 is not None
        ):
            gap = Gap(comparison.difference, comparison.other.mean)
            words = "the same as" if comparison.difference.mean == 0.0 else f"{gap} than"
            yield f"{words} with {name} ({number(comparison.other.mean)})"


def _certainty(verdict: Verdict, comparisons: Sequence[tuple[str, Comparison]]) -> str:
    """Return how certain the gain over each alternative is; empty without a probability."""
    if verdict.deterministic:
        return "Every run of this objective is the same, so these figures are exact."
    probabilities = [(name, comparison.probability_better) for name, comparison in comparisons]
    return paragraph(*(_certainty_of(name, chance) for name, chance in probabilities if chance is not None))


def _certainty_of(name: str, chance: float) -> str:
    """Return how certain the gain over one alternative is. chance: the probability of being better."""
    if chance < 1.0 - MIN_CERTAIN_PROBABILITY:
        return f"{_capitalised(name)} did better (probability of a gain {probability(chance)})."
    certain = "certain" if chance > MIN_CERTAIN_PROBABILITY else "not certain"
    return f"The gain over {name} is {certain} (probability {probability(chance)})."


def _watch(history: RaceHistory, verdict: Verdict) -> str:
    """Return what to watch out for, with the way out."""
    if verdict.winner_diverged:
        return (
            f"{verdict.winner_diverged} of {verdict.replicates} fresh seeds diverged with this learning "
            "rate. Take a lower learning rate."
        )
    outside = verdict.outside_space
    if outside is not None and outside.other is not None and verdict.winner_mean is not None:
        kind = outside.entry.configuration.optimizer["kind"]
        return (
            f"A default outside the search space, {kind}, is certainly better: "
            f"a mean of {number(outside.other.mean)} against {number(verdict.winner_mean.mean)}. "
            f"Add {kind} to the search space, or use the setting in `outside_space`."
        )
    safe, safe_range = history.safe, history.choice.range
    if safe is None or safe_range is None:
        return "No range of safe learning rates was found. Do not raise the peak learning rate."
    if safe.low == safe.high:
        text = f"Keep the peak learning rate at {number(safe.low)}: no other peak is surely as good."
    else:
        text = f"Any peak learning rate {range_in_words(safe, safe_range)} is safe."
    has_horizons = history.horizons.peaks is not None
    return paragraph(
        text, "For a run of another length, take the peak in `horizons`." if has_horizons else ""
    )


def _capitalised(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
