"""The confirmation: the choice on seeds drawn after it, and another choice where these speak against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.decision.choice import choose
from app.tuning.decision.margin import choose_with_margin
from app.tuning.decision.race_history import Entrants
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import EvaluationRequest, Seeds, Steps, Values, replicates_of
from app.tuning.learning_rates.safe_range import as_rates, safe_range
from app.tuning.racing.candidates import RaceCandidate, runs_alike, unique
from app.tuning.racing.elimination import Standing
from app.tuning.racing.peak_limits import first_seen_to_diverge
from app.tuning.racing.selection import Choice
from app.tuning.statistics import probability_better

CONTRADICTION = 0.025  # one-sided level of a paired test, shared by all entries that may be better


@dataclass(frozen=True, kw_only=True, eq=False)
class Confirmation:
    """What the recommended entry, the next ones and the baselines gave on the confirming seeds.

    entries: the recommended one first. count: how many of them, from the first on, are candidates; the others
    are baselines. values: (entries, replicates), nan where a run diverged. metrics: of the recommended one.
    """

    entries: tuple[RaceCandidate, ...]
    count: int
    values: Values
    metrics: Mapping[str, float]

    def diverged(self) -> Iterator[Configuration]:
        """Yield the configurations that diverged on one of the seeds."""
        rows = np.flatnonzero(np.isnan(self.values).any(axis=1))
        return (self.entries[row].configuration for row in rows)


def confirm(spec: JobSpec, entrants: Entrants, choice: Choice, seeds: Seeds) -> Steps[Confirmation]:
    """Run the choice, the next ones and the baselines on every replicate of the job."""
    best = entrants.candidates(choice)
    entries = unique([*best, *entrants.baselines(choice)])
    result = yield EvaluationRequest(
        configurations=tuple(entry.configuration for entry in entries),
        replicates=range(seeds, seeds + replicates_of(spec)),
        steps=spec.budget.steps,
    )
    return Confirmation(
        entries=tuple(entries),
        count=len(best),
        values=result.values,
        metrics={name: float(means[0]) for name, means in result.metrics.items()},
    )


def reconsider(
    spec: JobSpec,
    standing: Standing,
    choice: Choice,
    confirmation: Confirmation,
    floor: float,
    diverged: list[Configuration],
) -> Steps[tuple[Standing, Choice] | None]:
    """Return another choice where the confirmation speaks against this one, with the race that it is of.

    None where the choice stands. It does not where another entry that was raced is better by a paired test,
    or where the recommended one diverged: a lower peak, or another entry, may have the margin that it lacks.
    An entry without a margin takes no place of one that has it. diverged: the configurations that any stage
    saw diverge, this confirmation too; those of a race with a margin are added.
    """
    if np.isnan(confirmation.values[0]).any():
        race, other = yield from choose_with_margin(spec, standing, floor, diverged, choice.sweeps)
        is_same = runs_alike(other.recommended, choice.recommended)
        return None if is_same or other.range is None else (race, other)
    better = None if build_objective(spec.objective).deterministic else _better(standing, confirmation)
    if better is None:
        return None
    other = yield from choose(spec, standing, floor, diverged, [better], choice.sweeps)
    return None if other.range is None and choice.range is not None else (standing, other)


def range_after(choice: Choice, diverged: Sequence[Configuration]) -> SafeLearningRate | None:
    """Return the safe range once all that diverged is known; None where the peak lost its margin."""
    if choice.range is None:
        return None
    own = choice.sweep.configuration
    needs = choice.needs.with_divergence(first_seen_to_diverge(own, diverged))
    found = safe_range(choice.sweep, needs)
    is_kept = found is not None and found.peak == choice.range.peak
    return as_rates(choice.sweep, found) if found is not None and is_kept else None


def _better(standing: Standing, confirmation: Confirmation) -> int | None:
    """Return the place of the best entry that is better than the recommended one by the test, if any is."""
    own = confirmation.values[0]
    rivals = [
        (row, values)
        for entry, values in zip(confirmation.entries[1:], confirmation.values[1:], strict=True)
        for row, other in enumerate(standing.entries)
        if entry.is_eligible and runs_alike(entry, other) and np.isfinite(values).all()
    ]
    level = CONTRADICTION / max(1, len(rivals))
    better = [(row, values) for row, values in rivals if probability_better(own - values) < level]
    return min(better, key=lambda rival: float(rival[1].mean()))[0] if better else None
