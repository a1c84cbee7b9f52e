"""The advice of a job: one heat after another, until the recommendation stands.

A generator without input or output: it asks for heats and is sent what each gave. The worker drives it with a
pool and a store, the benchmark with neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.engine.result import Trajectory
from app.spec.job import JobSpec
from app.spec.recommendation import Recommendation
from app.spec.records import FinishedTrial
from app.tuning.course import CONFIRMED, Course, confirmed
from app.tuning.derive import Derived, derive
from app.tuning.doubling import FACTORS, double
from app.tuning.elimination import eliminate, most_raced
from app.tuning.field import Entry, baselines_of, kinds, race_field
from app.tuning.final import finalists, most_finalists, most_prolonged, race_final
from app.tuning.heats import Heat, Seeds, Steps, replicates_of, some_seeds
from app.tuning.neighbours import most_neighbour_runs, race_neighbours
from app.tuning.objective import build_objective
from app.tuning.preference import MOST_SWEPT, choose
from app.tuning.recommend import recommend, recommend_unconfirmed
from app.tuning.sweep import FLOOR, HALF_OCTAVES
from app.tuning.taken import taken_schedule
from app.tuning.verdict import reach_verdict

# The stored curve of a trial, by its number.
CurveOf = Callable[[int], Trajectory | None]


def advise(
    spec: JobSpec, finished: Sequence[FinishedTrial], curve_of: CurveOf
) -> Steps[Recommendation | None]:
    """Asks for the heats of a job and returns its recommendation; None where no trial completed.

    Race, new ones near its best, schedules made for the leader, final, choice, sweep, twice the steps,
    confirmation. Without confirmation the best trial is recommended as it is, and nothing runs.
    """
    field = race_field(spec, finished)
    if not field:
        return None
    if spec.confirmation is None:
        return recommend_unconfirmed(spec, field[0], finished, _taken(field[0], curve_of))
    # The baselines have no share: they are there to be beaten, and a few runs show that most are.
    first = yield from eliminate(spec, field, Seeds.RACE, spec.confirmation.top)
    near = yield from race_neighbours(spec, first)
    derived = yield from derive(spec, near.entries[near.leader])
    floor = _floor(spec, derived)
    final = yield from race_final(spec, finalists(spec, first, near, derived.entries))
    choice = yield from choose(spec, final, floor)
    winner = final.entries[choice.entry]
    doubled = yield from double(spec, winner.configuration, choice.swept, floor)
    entries = confirmed(first, final, choice)
    result = yield Heat(
        configurations=tuple(entry.configuration for entry in entries),
        replicates=range(Seeds.CONFIRM, Seeds.CONFIRM + replicates_of(spec)),
        steps=spec.budget.steps,
    )
    course = Course(first=first, near=near, final=final, choice=choice, doubled=doubled)
    verdict = reach_verdict(spec, entries, result.values)
    metrics = {name: float(means[0]) for name, means in result.metrics.items()}  # of the recommended one
    return recommend(spec, course, verdict, finished, metrics, _taken(entries[0], curve_of))


def planned_runs(spec: JobSpec) -> dict[Seeds, int]:
    """The most runs, in units of `steps` updates, that each stage asks for, in their order.

    But that of a final which is prolonged: how far nobody knows before.
    """
    if spec.confirmation is None:
        return {}
    replicates, some = replicates_of(spec), some_seeds(spec)
    baselines = len(baselines_of(spec)) + 1  # and the best constant rate
    top = spec.confirmation.top
    raced = min(top, spec.budget.trials) + len(kinds(spec)) + baselines
    return {
        Seeds.RACE: most_raced(replicates, raced, top),
        Seeds.NEIGHBOURS: most_neighbour_runs(spec, replicates),
        Seeds.NORMS: 2 * some,
        Seeds.FINAL: most_finalists(spec) * replicates,
        Seeds.SWEEP: (MOST_SWEPT * len(HALF_OCTAVES) + 2 * len(FACTORS)) * some,
        Seeds.CONFIRM: (CONFIRMED + baselines) * replicates,
    }


def most_runs(spec: JobSpec) -> int:
    """The most runs, in units of `steps` updates, that the advice asks for."""
    return sum(planned_runs(spec).values()) + most_prolonged(replicates_of(spec))


def _floor(spec: JobSpec, derived: Derived) -> float:
    """The least tolerance of a loss: a part of that at the start, which for an error is near 1."""
    is_error = build_objective(spec.objective).metric == "validation_error"
    return FLOOR * (1.0 if is_error else abs(derived.start))


def _taken(entry: Entry, curve_of: CurveOf) -> dict[str, object] | None:
    """The table that the entry's schedule took in its trial, where it follows the losses."""
    if entry.number is None or entry.source != "search":
        return None
    curve = curve_of(entry.number)
    return None if curve is None else taken_schedule(entry.configuration, curve)
