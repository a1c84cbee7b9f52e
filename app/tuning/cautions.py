"""The warnings of a recommendation: what would make one trust it less, and the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from optuna.distributions import CategoricalDistribution

from app.data import DATASETS
from app.engine.hyper import Hyper
from app.engine.objectives.split import validation_rows
from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.spec.records import Configuration, FinishedTrial
from app.tuning.course import Course
from app.tuning.distributions import position
from app.tuning.field import Entry
from app.tuning.figures import listed, number, percent
from app.tuning.space import Space, hyper_of
from app.tuning.statistics import LEAST_FOR_SKEWNESS
from app.tuning.verdict import Verdict

EDGE = 0.03  # of a range, on its scale
FEW_COMPLETED = 10
MANY_DIVERGED = 0.25  # of the trials
SMALL_VALIDATION = 100  # rows
CARRIED = 0.5  # of a mean, by a single seed
ENOUGH_TO_SHARE = 8  # seeds; of fewer one often has half

UNCONFIRMED = (
    "confirmation is null: this is the best of the search's own values, which flatter it; give the job a "
    "confirmation to race it on fresh seeds"
)


def caution(spec: JobSpec, course: Course, verdict: Verdict, finished: Sequence[FinishedTrial]) -> list[str]:
    """Every warning that applies."""
    found = list(_of_verdict(verdict))
    if not verdict.is_default:
        found += _edges(spec, verdict.configuration)
    found += _of_steps(spec, course)
    found += _of_search(finished)
    found += _of_data(spec)
    return found


def caution_unconfirmed(spec: JobSpec, best: Entry, finished: Sequence[FinishedTrial]) -> list[str]:
    """Every warning that applies where nothing was raced."""
    return [UNCONFIRMED, *_edges(spec, best.configuration), *_of_search(finished), *_of_data(spec)]


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


def _edges(spec: JobSpec, winner: Configuration) -> Iterator[str]:
    """The sampled numbers that lie at an edge which could be moved."""
    distributions = Space.of(spec).distributions()
    for name, value in winner.params.items():
        distribution = distributions[name]
        if isinstance(distribution, CategoricalDistribution):
            continue
        where = position(distribution, value)
        edge = "lower" if where < EDGE else "upper" if where > 1.0 - EDGE else None
        if edge is None:
            continue
        bound = distribution.low if edge == "lower" else distribution.high
        if _is_limit(hyper_of(spec, name), bound, edge):
            continue
        low, high = number(distribution.low), number(distribution.high)
        label, _, field = name.rpartition(".")
        owner = f"{label}'s {field}" if label else field
        yield (
            f"{owner}, {number(value)}, sits at the {edge} edge of its search range {low} to {high}; widen it"
        )


def _is_limit(hyper: Hyper, bound: float, edge: str) -> bool:
    """Whether a range ends where the hyperparameter itself does, so that nothing can be widened."""
    limits = (hyper.ge, hyper.gt) if edge == "lower" else (hyper.le, hyper.lt)
    return bound in limits


def _of_search(finished: Sequence[FinishedTrial]) -> Iterator[str]:
    counts = Counter(trial.state for trial in finished)
    completed, diverged = counts[TrialState.COMPLETED], counts[TrialState.DIVERGED]
    if completed < FEW_COMPLETED:
        yield f"only {completed} trials completed; more trials would search better"
    if diverged > MANY_DIVERGED * len(finished):
        yield f"{diverged} of {len(finished)} trials diverged; lower the learning rates of the search space"


def _of_data(spec: JobSpec) -> Iterator[str]:
    if isinstance(spec.objective, FunctionSpec):
        return
    rows = validation_rows(DATASETS[spec.objective.dataset].rows)
    if rows < SMALL_VALIDATION:
        yield (
            f"the validation part of {spec.objective.dataset} has {rows} rows, so its values are coarse; "
            "read the intervals, not the means"
        )
