"""The warnings of the confirmation: results that weaken the recommendation, with the way out of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.tuning.decision.race_history import RaceHistory
from app.tuning.planning.plan import Plan
from app.tuning.racing.candidates import kind_of
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.formatting import listed, number, paragraph, percent
from app.tuning.statistics import LEAST_FOR_SKEWNESS

MAX_SEED_SHARE = 0.5  # largest share of the mean that one seed may contribute
MIN_SEEDS_TO_SHARE = 8  # of fewer seeds a single one often contributes half of the mean


def verdict_warnings(plan: Plan, history: RaceHistory, verdict: Verdict) -> Iterator[str]:
    """Yield the warnings of seeds, search space, baselines, settings, safe range and steps."""
    yield from _seed_warnings(verdict)
    yield from _space_warnings(plan, verdict)
    if not verdict.is_default:
        yield from _baseline_warnings(verdict)
        yield from _setting_warnings(verdict)
    yield from _range_warnings(history, verdict)
    yield from _step_warnings(plan, history)


def _seed_warnings(verdict: Verdict) -> Iterator[str]:
    """Warn of diverged seeds, of a mean that rests on a single seed, and of few seeds."""
    if verdict.winner_diverged:
        yield (
            f"The recommended configuration diverged on {verdict.winner_diverged} of {verdict.replicates} "
            "seeds drawn after the choice. Take a lower learning rate."
        )
    if verdict.largest_share > MAX_SEED_SHARE and verdict.replicates >= MIN_SEEDS_TO_SHARE:
        yield (
            f"A single seed of {verdict.replicates} contributes {percent(verdict.largest_share)} of the "
            "mean. The interval says little about seeds that were not drawn. Give more confirmation "
            "replicates."
        )
    if 1 < verdict.replicates < LEAST_FOR_SKEWNESS:
        yield (
            f"Only {verdict.replicates} seeds confirm the recommendation. Intervals of so few seeds miss the "
            f"mean of skewed losses too often. Give {LEAST_FOR_SKEWNESS} confirmation replicates or more."
        )


def _space_warnings(plan: Plan, verdict: Verdict) -> Iterator[str]:
    """Warn of a default that is better than every trial of the search."""
    kind = kind_of(verdict.configuration)
    if kind not in plan.kinds:
        yield (
            f"{kind} at its defaults was better than every trial, though the search did not try {kind}. "
            f"Name {kind} in `search_space.optimizers` to tune it."
        )
    elif verdict.is_default:
        yield "No trial was better than a default. Give more trials or other ranges."
    outside = verdict.outside_space
    if outside is not None and outside.other is not None and verdict.winner_mean is not None:
        kind = kind_of(outside.entry.configuration)
        yield (
            f'"{outside.entry.label}" lies outside the search space and is certainly better: a mean of '
            f"{number(outside.other.mean)} against {number(verdict.winner_mean.mean)}. "
            f"Add {kind} to the search space, or widen its ranges."
        )


def _baseline_warnings(verdict: Verdict) -> Iterator[str]:
    """Warn of baselines that the recommended configuration is not certainly better than."""
    compared = [baseline for baseline in verdict.baselines if baseline.difference is not None]
    if verdict.deterministic:
        equal = [baseline for baseline in compared if _ends(baseline)[1] >= 0.0]
        if equal:
            yield (
                f"The recommended configuration is no better than {_baselines_in_words(equal)}. Give "
                "more trials or other ranges."
            )
        return
    better = [baseline for baseline in compared if _ends(baseline)[0] > 0.0 and not baseline.is_surely_worse]
    if better:
        yield (
            f"On the seeds drawn after the choice, {_baselines_in_words(better)} did better. "
            f"Take {'that baseline' if len(better) == 1 else 'the best of these baselines'} instead, or give "
            "more confirmation replicates."
        )
    doubtful = [baseline for baseline in compared if _ends(baseline)[0] <= 0.0 <= _ends(baseline)[1]]
    # A few runs of a baseline with a far higher loss widen the interval: the sign test decides then.
    doubtful = [baseline for baseline in doubtful if not baseline.wins_most]
    if doubtful:
        yield (
            f"The gain over {_baselines_in_words(doubtful)} is not certain. "
            f"The 95 % interval of {'the' if len(doubtful) == 1 else 'each'} difference includes zero. "
            "Give more confirmation replicates."
        )


def _setting_warnings(verdict: Verdict) -> Iterator[str]:
    """Warn of settings beside the optimizer in which the recommended configuration and the defaults differ.

    The defaults run with the settings of the best trial.
    """
    configuration = verdict.configuration
    for default in verdict.other_defaults[:1]:
        settings = default.entry.configuration.settings
        names = [name for name, value in configuration.settings.items() if settings.get(name) != value]
        names += ["batch size"] if configuration.batch_size != default.entry.configuration.batch_size else []
        if names:
            yield paragraph(
                f"The defaults ran with the {listed(names)} of the best trial, and the recommended "
                "configuration with another.",
                "A part of the gain over the defaults may come from this difference.",
                f"Fix the {listed(names)} in the job to compare at equal settings.",
            )


def _range_warnings(history: RaceHistory, verdict: Verdict) -> Iterator[str]:
    """Warn of a missing safe range, with the peaks that explain it."""
    if history.safe is not None or verdict.winner_diverged:
        return
    more_seeds = "" if verdict.deterministic else ", or give more confirmation replicates"
    diverges = history.choice.diverges
    peak = history.winner.configuration.optimizer["learning_rate"]
    yield (
        f"No range of learning rates is safe: runs diverged at {number(diverges)}, and the recommended peak "
        f"is {number(peak)}. No peak an octave below the first divergence is surely as good. "
        f"Lower the learning rates of the search space{more_seeds}."
    )


def _step_warnings(plan: Plan, history: RaceHistory) -> Iterator[str]:
    """Warn of a loss that is still lower after twice the steps."""
    horizons, steps = history.horizons, plan.steps
    if horizons.is_lower:
        yield (
            f"The loss still falls after {steps:,} updates. On the same seeds the mean is "
            f"{number(horizons.tuned)} after {steps:,} and {number(horizons.longer)} after {2 * steps:,} "
            "updates. Give more steps if the training will be longer."
        )


def _baselines_in_words(baselines: Sequence[Comparison]) -> str:
    """Return the label of a single baseline, or the number of baselines and the label of the best."""
    means = [(baseline.other.mean, i) for i, baseline in enumerate(baselines) if baseline.other is not None]
    label = baselines[min(means)[1] if means else 0].entry.label
    return f'"{label}"' if len(baselines) == 1 else f'{len(baselines)} baselines (the best is "{label}")'


def _ends(comparison: Comparison) -> tuple[float, float]:
    """Return the ends of the interval of a difference."""
    assert comparison.difference is not None
    return comparison.difference.ci95 or (comparison.difference.mean, comparison.difference.mean)
