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
from app.tuning.figures import number
from app.tuning.final import best_row
from app.tuning.space import Space, hyper_of
from app.tuning.verdict import Verdict
from app.tuning.warnings_of_verdict import warn_of_verdict

EDGE = 0.03  # of a range, on its scale
FEW_COMPLETED = 10
MANY_DIVERGED = 0.25  # of the trials
SMALL_VALIDATION = 100  # rows

UNCONFIRMED = (
    "confirmation is null: this is the best of the search's own values, which flatter it; give the job a "
    "confirmation to race it on fresh seeds"
)


def caution(spec: JobSpec, course: Course, verdict: Verdict, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return every warning that applies."""
    found = list(warn_of_verdict(spec, course, verdict))
    found += _edges(spec, _best_searched(course).configuration)
    found += _of_search(finished)
    found += _of_data(spec)
    return found


def _best_searched(course: Course) -> Entry:
    """Return the recommended entry, or where that is a default the best one that was searched."""
    if not course.winner.is_default:
        return course.winner
    row = best_row(course.final, lambda entry: not entry.is_default)
    return course.winner if row is None else course.final.entries[row]


def caution_unconfirmed(spec: JobSpec, best: Entry, finished: Sequence[FinishedTrial]) -> list[str]:
    """Return every warning that applies where nothing was raced."""
    return [UNCONFIRMED, *_edges(spec, best.configuration), *_of_search(finished), *_of_data(spec)]


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
