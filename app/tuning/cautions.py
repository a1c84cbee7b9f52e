"""The warnings of a recommendation: what would make one trust it less, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.spec.job import JobSpec
from app.spec.records import FinishedTrial
from app.tuning.course import Course
from app.tuning.edges import edges_of
from app.tuning.field import Entry
from app.tuning.figures import listed, number, percent
from app.tuning.objective import build_objective
from app.tuning.objective_warnings import objective_warnings
from app.tuning.search_warnings import search_warnings
from app.tuning.statistics import LEAST_FOR_SKEWNESS
from app.tuning.verdict import Verdict

CARRIED = 0.5  # of a mean, by a single seed
ENOUGH_TO_SHARE = 8  # seeds; of fewer one often has half

UNCONFIRMED = (
    "confirmation is null: the value was chosen as the best of the search, so fresh seeds will give a higher "
    "one on average; set `confirmation` to measure it"
)
UNRACED = (
    "confirmation is null: no default ran beside the best trial, and nothing was tried near it; set "
    "`confirmation` to do both"
)


def caution(spec: JobSpec, course: Course, verdict: Verdict, finished: Sequence[FinishedTrial]) -> list[str]:
    """Every warning that applies."""
    found = list(_of_verdict(verdict))
    if not verdict.is_default:
        found += edges_of(spec, verdict.configuration)
    found += _of_steps(spec, course)
    found += search_warnings(spec, finished)
    found += objective_warnings(spec)
    return found


def caution_unconfirmed(spec: JobSpec, best: Entry, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return every warning that applies to a job without a race."""
    is_exact = build_objective(spec.objective).deterministic  # no seed would give another value
    return [
        UNRACED if is_exact else UNCONFIRMED,
        *edges_of(spec, best.configuration),
        *search_warnings(spec, finished),
        *objective_warnings(spec),
    ]


def _of_verdict(verdict: Verdict) -> Iterator[str]:
    if verdict.own_diverged:
        yield (
            f"it diverged on {verdict.own_diverged} of {verdict.replicates} seeds drawn after it was chosen; "
            "take a lower learning rate"
        )
    if verdict.largest_share > CARRIED and verdict.replicates >= ENOUGH_TO_SHARE:
        yield (
            f"one of {verdict.replicates} seeds carries {percent(verdict.largest_share)} of the mean: rare "
            "seeds decide it, and the interval cannot know those that were not drawn; more confirmation "
            "replicates would show more of them"
        )
    if 1 < verdict.replicates < LEAST_FOR_SKEWNESS:
        yield (
            f"only {verdict.replicates} seeds confirm it: the intervals of so few cannot allow for skewed "
            f"losses, and miss the true mean more often than they say; give {LEAST_FOR_SKEWNESS} "
            "confirmation replicates or more"
        )
    if verdict.is_default:
        yield "a default won the race; more trials or other ranges may find something better"
        return
    yield from _of_baselines(verdict)


def _of_baselines(verdict: Verdict) -> Iterator[str]:
    """The baselines that the recommended configuration may not be better than, and what else it has."""
    compared = [
        (baseline.entry.label, baseline.difference.ci95)
        for baseline in verdict.baselines
        if baseline.difference is not None and baseline.difference.ci95 is not None
    ]
    if verdict.deterministic:
        if equal := [label for label, (_, high) in compared if high >= 0.0]:
            yield f"it is no better than {listed(equal)}"
    else:
        ahead = [f"{label} ({_span(span)})" for label, span in compared if span[0] > 0.0]
        if ahead:
            which = "that" if len(ahead) == 1 else "the best of these"
            yield (
                f"on the seeds drawn after the choice {listed(ahead)} did better, beyond doubt: take {which} "
                "instead, or give more confirmation replicates"
            )
        doubtful = [f"{label} ({_span(span)})" for label, span in compared if span[0] <= 0.0 <= span[1]]
        if doubtful:
            yield (
                f"the gain over {listed(doubtful)} is not certain: the 95 % interval of the difference "
                "includes zero; more confirmation replicates narrow it"
            )
    yield from _of_settings(verdict)


def _of_settings(verdict: Verdict) -> Iterator[str]:
    """Defaults run with the batch size and the settings of the best trial, which may not be the winner's."""
    own = verdict.configuration
    for other in verdict.other_defaults[:1]:
        theirs = other.entry.configuration
        differing = [name for name, value in own.settings.items() if theirs.settings.get(name) != value]
        differing += ["batch size"] if own.batch_size != theirs.batch_size else []
        if differing:
            yield (
                f"the defaults ran with another {listed(differing)}, that of the best trial: a part of the "
                "gain over them may come from that"
            )


def _span(interval: tuple[float, float]) -> str:
    return f"{number(interval[0])} to {number(interval[1])}"


def _of_steps(spec: JobSpec, course: Course) -> Iterator[str]:
    """What the runs of twice the steps say."""
    doubled, steps = course.doubled, spec.budget.steps
    if doubled is None:
        return
    if doubled.is_lower:
        yield (
            f"the budget is too small to settle: after {2 * steps:,} updates the mean is "
            f"{number(doubled.twice)}, after {steps:,} {number(doubled.own)}; give more steps if you will "
            "train for longer"
        )
    if doubled.best_rate is not None and doubled.best is not None:
        yield (
            f"the optimum moved when the steps doubled: over {2 * steps:,} updates a peak of "
            f"{number(doubled.best_rate)} ends at {number(doubled.best)} and the recommended one at "
            f"{number(doubled.twice)}; tune anew for another horizon"
        )
