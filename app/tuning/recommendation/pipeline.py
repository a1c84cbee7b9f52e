"""The advice pipeline: from the finished trials of a job to its recommendation.

The pipeline is a generator without input or output. It yields evaluation requests and is sent the result of
each. The worker runs the requests on a pool and stores the results; the benchmark does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.records import FinishedTrial
from app.engine.trajectories.result import Trajectory
from app.spec.resources.recommendations import Recommendation
from app.tuning.decision.confirmation import confirm, range_after, reconsider
from app.tuning.decision.margin import choose_with_margin
from app.tuning.decision.race_history import ConfirmationRaces, RaceHistory
from app.tuning.evaluation.requests import Seeds, Steps
from app.tuning.horizons.measurement import measure_horizons
from app.tuning.learning_rates.safe_range import FLOOR
from app.tuning.planning.plan import Plan
from app.tuning.racing.candidates import RaceCandidate, race_field
from app.tuning.racing.derived_schedules import Derived, derive
from app.tuning.racing.elimination import eliminate
from app.tuning.racing.final import finalists, race_final
from app.tuning.racing.iterated import race_neighbours
from app.tuning.racing.peak_limits import diverged_entries, diverged_trials
from app.tuning.recommendation.assemble import recommend, recommend_unconfirmed
from app.tuning.recommendation.evidence import reach_verdict
from app.tuning.schedules.realised import realised_schedule

# Returns the stored trajectory of a trial by its number; None if none is stored.
TrajectoryOf = Callable[[int], Trajectory | None]


def advise(
    plan: Plan, finished: Sequence[FinishedTrial], trajectory_of: TrajectoryOf
) -> Steps[Recommendation | None]:
    """Yield the evaluation requests of a job and return its recommendation; None if no trial completed.

    The stages are the race, variants of its best entries, schedules computed for the best, the final, choice
    and learning-rate sweep, the confirmation, and the other horizons. If the confirmation contradicts the
    choice, another choice is confirmed on new seeds, once. Without a confirmation the best trial is
    recommended as it is, and nothing runs.
    """
    field = race_field(plan.spec, finished)
    if not field:
        return None
    if plan.spec.confirmation is None:
        return recommend_unconfirmed(plan, field[0], finished, _taken(field[0], trajectory_of))
    # The baselines have no share of the budget: a few runs show that most of them are worse.
    first = yield from eliminate(plan, field, Seeds.RACE, plan.top)
    iterated = yield from race_neighbours(plan, first)
    derived = yield from derive(plan, iterated.candidates[iterated.leader])
    floor = _floor(plan, derived)
    final = yield from race_final(plan, finalists(plan, first, iterated, derived.candidates))
    diverged_in_races = (entry for race in (first, iterated, final) for entry in diverged_entries(race))
    diverged = [*diverged_trials(finished), *diverged_in_races]
    standing, choice = yield from choose_with_margin(plan, final, floor, diverged)
    confirmation = yield from confirm(plan, ConfirmationRaces(first, final, standing), choice, Seeds.CONFIRM)
    diverged += confirmation.diverged()
    other = yield from reconsider(plan, standing, choice, confirmation, floor, diverged)
    contradicted = None if other is None else choice
    if other is not None:
        standing, choice = other
        confirmation = yield from confirm(
            plan, ConfirmationRaces(first, final, standing), choice, Seeds.RECONFIRM
        )
        diverged += confirmation.diverged()
    history = RaceHistory(
        first=first,
        iterated=iterated,
        final=final,
        standing=standing,
        choice=choice,
        contradicted=contradicted,
        safe=range_after(choice, diverged),
        horizons=(yield from measure_horizons(plan, choice, floor)),
    )
    verdict = reach_verdict(plan, confirmation)
    return recommend(
        plan, history, verdict, finished, confirmation.metrics, _taken(choice.recommended, trajectory_of)
    )


def _floor(plan: Plan, derived: Derived) -> float:
    """Return the least tolerance of a loss: a share of the loss at the start, or of 1 for an error."""
    is_error = plan.objective.metric == "validation_error"
    return FLOOR * (1.0 if is_error else abs(derived.start))


def _taken(entry: RaceCandidate, trajectory_of: TrajectoryOf) -> dict[str, object] | None:
    """Return the table that a loss-driven schedule took in its trial; None for any other entry."""
    if entry.number is None or entry.source != "search":
        return None
    trajectory = trajectory_of(entry.number)
    return None if trajectory is None else realised_schedule(entry.configuration, trajectory)
