"""The summary of a recommendation: one to four sentences that a newcomer understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.decision.race_history import RaceHistory
from app.tuning.evaluation.objective import build_objective
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.formatting import Gap, listed, number, percent, probability
from app.tuning.recommendation.range_explanation import range_in_words
from app.tuning.statistics import CONFIDENCE

LIKELY = (1.0 + CONFIDENCE) / 2.0  # probability of being better from which a gain is called certain


def summarise(spec: JobSpec, course: RaceHistory, verdict: Verdict) -> list[str]:
    """Return what to use, how much better it is, how sure that is, and what to watch out for."""
    metric = build_objective(spec.objective).metric.replace("_", " ")
    others = [(name, found) for name, found in _compared(verdict) if found is not None]
    return [
        f"Use {_setting(spec, verdict.configuration)}.",
        _gain(metric, verdict, others),
        *_certainty(verdict, others),
        _watch(course, verdict),
    ]


def summarise_unconfirmed(
    spec: JobSpec, best: Configuration, value: float, finished: Sequence[FinishedTrial]
) -> list[str]:
    """Return what to use, and what a value of the search is worth."""
    metric = build_objective(spec.objective).metric.replace("_", " ")
    completed = sum(trial.state is TrialState.COMPLETED for trial in finished)
    return [
        f"Use {_setting(spec, best)}.",
        f"The {metric} was {number(value)}, the lowest of {completed} completed trials, and nothing was "
        "compared with it.",
        "The value is lucky, because it is the best of many: give the job a confirmation to compare it on "
        "fresh seeds.",
    ]


def _setting(spec: JobSpec, configuration: Configuration) -> str:
    """Return optimizer, peak, schedule, batch size and length in words."""
    optimizer, schedule = configuration.optimizer, configuration.schedule
    warmup = schedule.get("warmup_fraction", 0.0)
    rate = number(optimizer["learning_rate"])
    if schedule["kind"] == "constant" and not warmup:
        how = [f"a constant learning rate of {rate}"]
    else:
        kind = {"table": "refined", "linear": "linear decay"}.get(schedule["kind"], schedule["kind"])
        shape = f"a {kind.replace('_', ' ')} schedule" + (f" with {percent(warmup)} warmup" if warmup else "")
        how = [f"a peak learning rate of {rate}", shape]
    batch = configuration.batch_size
    size = [] if batch is None else ["the full batch"] if batch == "full" else [f"batches of {batch}"]
    settings = [f"{name} {number(value)}" for name, value in configuration.settings.items()]
    parts = listed([*how, *size, *settings])
    return f"{optimizer['kind']} with {parts}, for {spec.budget.steps:,} updates"


def _compared(verdict: Verdict) -> list[tuple[str, Comparison | None]]:
    """Return the two comparisons that a newcomer asks for, each with its name."""
    return [("Adam's defaults", verdict.adam), ("the best constant rate", verdict.best_constant)]


def _gain(metric: str, verdict: Verdict, others: Sequence[tuple[str, Comparison]]) -> str:
    """Return the own mean, and how far that of each other one is from it."""
    if verdict.own is None:
        return (
            f"The {metric} has no mean: {verdict.own_diverged} of {verdict.replicates} fresh seeds diverged."
        )
    where = "" if verdict.deterministic else f" on average over {verdict.replicates} fresh seeds"
    own = f"The {metric} is {number(verdict.own.mean)}{where}"
    parts = list(_gaps(others))
    return f"{own}: {listed(parts)}." if parts else f"{own}."


def _gaps(others: Sequence[tuple[str, Comparison]]) -> Iterator[str]:
    for name, found in others:
        if found.other is None:
            yield f"{name} diverged"
        elif found.difference is not None and found.difference.ci95 is not None:
            gap = Gap(found.difference, found.other.mean)
            than = "from" if str(gap) == "no different" else "than"
            yield f"{gap} {than} that of {name} ({number(found.other.mean)})"


def _certainty(verdict: Verdict, others: Sequence[tuple[str, Comparison]]) -> Iterator[str]:
    """Yield how sure the gain over each of the others is."""
    known = [
        (name, found.probability_better) for name, found in others if found.probability_better is not None
    ]
    if verdict.deterministic:
        yield "Every run of this objective is the same, so these figures are exact."
        return
    if not known:
        return
    parts = []
    for name, chance in known:
        sure = "certain" if chance > LIKELY else "no gain" if chance < 1.0 - LIKELY else "not certain"
        parts.append(f"the gain over {name} is {sure} (probability {probability(chance)})")
    text = listed(parts)
    yield f"{text[0].upper()}{text[1:]}."


def _watch(course: RaceHistory, verdict: Verdict) -> str:
    """Return what to watch out for."""
    if verdict.own_diverged:
        return "Take a lower learning rate: some fresh seeds diverged with this one."
    outside = verdict.outside_space
    if outside is not None:
        kind = outside.entry.configuration.optimizer["kind"]
        return f"A default outside the search space, {kind}, did better beyond doubt: see outside_space."
    safe, found = course.safe, course.choice.range
    if safe is None or found is None:
        return "No range of safe learning rates could be told: do not raise the peak."
    longer = (
        "" if course.horizons.peaks is None else "; for a run of another length take the peak of horizons"
    )
    if safe.low == safe.high:
        return f"Keep the peak learning rate as it is: no other one is surely as good{longer}."
    return f"Any peak learning rate {range_in_words(safe, found)} is safe{longer}."
