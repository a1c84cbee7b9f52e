"""The warnings that come from the confirmation: what it says against the recommendation, and the way out."""

from __future__ import annotations

from collections.abc import Iterator

from app.spec.job import JobSpec
from app.tuning.decision.race_history import RaceHistory
from app.tuning.racing.candidates import kind_of, kinds
from app.tuning.recommendation.evidence import Comparison, Verdict
from app.tuning.recommendation.formatting import listed, number, percent
from app.tuning.statistics import LEAST_FOR_SKEWNESS

MAX_SEED_SHARE = 0.5  # largest share of the mean that one seed may contribute
MIN_SEEDS_TO_SHARE = 8  # of fewer seeds one often has half of the mean


def verdict_warnings(spec: JobSpec, course: RaceHistory, verdict: Verdict) -> Iterator[str]:
    """Yield the warnings of seeds, baselines, safe range and horizon."""
    yield from _of_seeds(verdict)
    yield from _of_space(spec, verdict)
    if not verdict.is_default:
        yield from _of_baselines(verdict)
        yield from _of_settings(verdict)
    yield from _of_range(course, verdict)
    yield from _of_steps(spec, course)


def _of_seeds(verdict: Verdict) -> Iterator[str]:
    if verdict.own_diverged:
        yield (
            f"the recommended configuration diverged on {verdict.own_diverged} of {verdict.replicates} seeds "
            "drawn after the choice; take a lower learning rate"
        )
    if verdict.largest_share > MAX_SEED_SHARE and verdict.replicates >= MIN_SEEDS_TO_SHARE:
        yield (
            f"one of {verdict.replicates} seeds carries {percent(verdict.largest_share)} of the mean, so the "
            "interval says little of seeds that were not drawn; give more confirmation replicates"
        )
    if 1 < verdict.replicates < LEAST_FOR_SKEWNESS:
        yield (
            f"only {verdict.replicates} seeds confirm the recommendation, and intervals of so few miss the "
            f"mean of skewed losses too often; give {LEAST_FOR_SKEWNESS} confirmation replicates or more"
        )


def _of_space(spec: JobSpec, verdict: Verdict) -> Iterator[str]:
    """Yield what a default says about the search space."""
    kind = kind_of(verdict.configuration)
    if kind not in kinds(spec):
        yield (
            f"{kind} at its defaults was better than every trial, though the search did not try {kind}; name "
            "it in search_space.optimizers to tune it"
        )
    elif verdict.is_default:
        yield "no trial was better than a default; give more trials or other ranges"
    outside = verdict.outside_space
    if outside is not None:
        kind = kind_of(outside.entry.configuration)
        yield (
            f"{outside.entry.label} lies outside the search space and did better beyond doubt; add {kind} or "
            "widen its ranges"
        )


def _of_baselines(verdict: Verdict) -> Iterator[str]:
    """Yield the baselines that the recommended configuration may not be better than."""
    compared = [found for found in verdict.baselines if found.difference is not None]
    if verdict.deterministic:
        equal = [found.entry.label for found in compared if _ends(found)[1] >= 0.0]
        if equal:
            yield f"the recommended configuration is no better than {listed(equal)}"
        return
    better = [found for found in compared if _ends(found)[0] > 0.0 and not found.is_surely_worse]
    if better:
        yield (
            f"on the seeds drawn after the choice {_named(better)} did better; take the best of these "
            "instead, or give more confirmation replicates"
        )
    doubtful = [found for found in compared if _ends(found)[0] <= 0.0 <= _ends(found)[1]]
    # A few runs of a baseline that end far up widen the interval: the seeds that were won then tell more.
    doubtful = [found for found in doubtful if not found.wins_most]
    if doubtful:
        yield (
            f"the gain over {_named(doubtful)} is not certain, because the 95 % interval of the difference "
            "includes zero; give more confirmation replicates"
        )


def _of_settings(verdict: Verdict) -> Iterator[str]:
    """Yield in what the defaults differ beside the optimizer: theirs are those of the best trial."""
    own = verdict.configuration
    for other in verdict.other_defaults[:1]:
        theirs = other.entry.configuration
        differing = [name for name, value in own.settings.items() if theirs.settings.get(name) != value]
        differing += ["batch size"] if own.batch_size != theirs.batch_size else []
        if differing:
            yield (
                f"the defaults ran with another {listed(differing)}, that of the best trial, so a part of "
                "the gain over them may come from that; fix it in the job to compare at equal settings"
            )


def _of_range(course: RaceHistory, verdict: Verdict) -> Iterator[str]:
    """Yield why there is no safe range."""
    if course.safe is not None or verdict.own_diverged:
        return
    more = "" if verdict.deterministic else ", or give more confirmation replicates"
    diverges = course.choice.diverges
    peak = course.winner.configuration.optimizer["learning_rate"]
    yield (
        f"no range of learning rates is safe: runs diverged at {number(diverges)}, the recommended peak is "
        f"{number(peak)}, and no peak an octave below the first divergence is surely as good; lower the "
        f"learning rates of the search space{more}"
    )


def _of_steps(spec: JobSpec, course: RaceHistory) -> Iterator[str]:
    """Yield what runs of twice the steps say."""
    found, steps = course.horizons, spec.budget.steps
    if found.is_lower:
        yield (
            f"the loss still falls after {steps:,} updates: on the same seeds the mean is "
            f"{number(found.own)} after {steps:,} and {number(found.longer)} after {2 * steps:,}; give more "
            "steps if the training will be longer"
        )


def _named(found: list[Comparison]) -> str:
    return listed([one.entry.label for one in found])


def _ends(found: Comparison) -> tuple[float, float]:
    assert found.difference is not None
    return found.difference.ci95 or (found.difference.mean, found.difference.mean)
