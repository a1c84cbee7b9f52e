"""The advice pipeline: from the finished trials of a job to its recommendation.

The pipeline is a generator without input or output. It yields evaluation requests and is sent the result of
each. The worker runs the requests on a pool and stores the results; the benchmark does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.records import FinishedTrial
from app.engine.trajectories.result import Trajectory
from app.spec.job import JobSpec
from app.spec.resources.recommendations import Recommendation
from app.tuning.decision.choice import MAX_SWEPT_BY_MEAN, MAX_SWEPT_TIES
from app.tuning.decision.confirmation import confirm, range_after, reconsider
from app.tuning.decision.margin import choose_with_margin, most_margin_runs
from app.tuning.decision.race_history import MAX_CONFIRMED, Entrants, RaceHistory
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import Seeds, Steps, reduced_seed_count, replicates_of
from app.tuning.horizons.measurement import MAX_REQUESTS, horizon_runs, measure_horizons
from app.tuning.learning_rates.safe_range import FLOOR
from app.tuning.learning_rates.sweep import HALF_OCTAVES, seed_looks
from app.tuning.racing.candidates import (
    MAX_CONSTANT_RATE_TRIALS,
    RaceCandidate,
    baselines_of,
    kinds,
    race_field,
)
from app.tuning.racing.derived_schedules import Derived, derive
from app.tuning.racing.elimination import eliminate, most_raced
from app.tuning.racing.final import finalists, most_finalists, most_prolonged, race_final
from app.tuning.racing.iterated import most_neighbour_runs, race_neighbours
from app.tuning.racing.peak_limits import diverged_entries, diverged_trials
from app.tuning.recommendation.assemble import recommend, recommend_unconfirmed
from app.tuning.recommendation.evidence import reach_verdict
from app.tuning.schedules.realised import taken_schedule

# Returns the stored trajectory of a trial by its number; None if none is stored.
TrajectoryOf = Callable[[int], Trajectory | None]


def advise(
    spec: JobSpec, finished: Sequence[FinishedTrial], trajectory_of: TrajectoryOf
) -> Steps[Recommendation | None]:
    """Yield the evaluation requests of a job and return its recommendation; None if no trial completed.

    The stages are the race, variants of its best entries, schedules computed for the best, the final, choice
    and learning-rate sweep, the confirmation, and the other horizons. If the confirmation contradicts the
    choice, another choice is confirmed on new seeds, once. Without a confirmation the best trial is
    recommended as it is, and nothing runs.
    """
    field = race_field(spec, finished)
    if not field:
        return None
    if spec.confirmation is None:
        return recommend_unconfirmed(spec, field[0], finished, _taken(field[0], trajectory_of))
    # The baselines have no share of the budget: a few runs show that most of them are worse.
    first = yield from eliminate(spec, field, Seeds.RACE, spec.confirmation.top)
    near = yield from race_neighbours(spec, first)
    derived = yield from derive(spec, near.entries[near.leader])
    floor = _floor(spec, derived)
    final = yield from race_final(spec, finalists(spec, first, near, derived.entries))
    races = (entry for race in (first, near, final) for entry in diverged_entries(race))
    diverged = [*diverged_trials(finished), *races]
    standing, choice = yield from choose_with_margin(spec, final, floor, diverged)
    confirmation = yield from confirm(spec, Entrants(first, final, standing), choice, Seeds.CONFIRM)
    diverged += confirmation.diverged()
    other = yield from reconsider(spec, standing, choice, confirmation, floor, diverged)
    contradicted = None if other is None else choice
    if other is not None:
        standing, choice = other
        confirmation = yield from confirm(spec, Entrants(first, final, standing), choice, Seeds.RECONFIRM)
        diverged += confirmation.diverged()
    history = RaceHistory(
        first=first,
        near=near,
        final=final,
        standing=standing,
        choice=choice,
        contradicted=contradicted,
        safe=range_after(choice, diverged),
        horizons=(yield from measure_horizons(spec, choice, floor)),
    )
    verdict = reach_verdict(spec, confirmation)
    return recommend(
        spec, history, verdict, finished, confirmation.metrics, _taken(choice.recommended, trajectory_of)
    )


def planned_runs(spec: JobSpec) -> dict[Seeds, int]:
    """Return the most runs of each stage, in units of `steps` updates, in the order of the stages.

    Leave out the runs that depend on values: extensions of the final, ends of a range on more seeds, the race
    with a margin, the second confirmation, and peaks beyond the first ones at another horizon.
    """
    if spec.confirmation is None:
        return {}
    replicates, few = replicates_of(spec), reduced_seed_count(spec)
    baselines = len(baselines_of(spec)) + 1  # the defaults and the best constant rate
    top = spec.confirmation.top
    raced = min(top + MAX_CONSTANT_RATE_TRIALS, spec.budget.trials) + len(kinds(spec)) + baselines
    return {
        Seeds.RACE: most_raced(replicates, raced, top),
        Seeds.NEIGHBOURS: most_neighbour_runs(spec, replicates),
        Seeds.NORMS: 2 * few,
        Seeds.FINAL: most_finalists(spec) * replicates,
        Seeds.SWEEP: MAX_SWEPT_TIES * (len(HALF_OCTAVES) + 1) * few,
        Seeds.MARGIN: 0,
        Seeds.CONFIRM: (MAX_CONFIRMED + baselines) * replicates,
        Seeds.RECONFIRM: 0,
        Seeds.HORIZONS: horizon_runs(spec),
    }


def most_runs(spec: JobSpec) -> int:
    """Return the most runs of the whole advice, in units of `steps` updates."""
    planned, replicates = planned_runs(spec), replicates_of(spec)
    if not planned:
        return 0
    # The ends of a range run on more seeds for each choice; there are at most three choices.
    further = (2 * MAX_SWEPT_TIES + MAX_SWEPT_BY_MEAN) * (len(HALF_OCTAVES) + 1) * max([0, *seed_looks(spec)])
    again = planned[Seeds.CONFIRM] + (MAX_SWEPT_TIES + MAX_SWEPT_BY_MEAN) * (
        len(HALF_OCTAVES) + 1
    ) * reduced_seed_count(spec)
    prolonged = most_prolonged(replicates) + most_margin_runs(spec, replicates)
    prolonged += horizon_runs(spec, MAX_REQUESTS) - planned[Seeds.HORIZONS]
    return sum(planned.values()) + prolonged + further + again


def _floor(spec: JobSpec, derived: Derived) -> float:
    """Return the least tolerance of a loss: a share of the loss at the start, or of 1 for an error."""
    is_error = build_objective(spec.objective).metric == "validation_error"
    return FLOOR * (1.0 if is_error else abs(derived.start))


def _taken(entry: RaceCandidate, trajectory_of: TrajectoryOf) -> dict[str, object] | None:
    """Return the table that a loss-driven schedule took in its trial; None for any other entry."""
    if entry.number is None or entry.source != "search":
        return None
    trajectory = trajectory_of(entry.number)
    return None if trajectory is None else taken_schedule(entry.configuration, trajectory)
