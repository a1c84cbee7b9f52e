"""The confirmation: the choice runs on new seeds, and is replaced if these contradict it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.records import Configuration
from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.decision.choice import choose
from app.tuning.decision.margin import choose_with_margin
from app.tuning.decision.race_history import ConfirmationRaces
from app.tuning.evaluation.requests import EvaluationRequest, Seeds, Steps, Values
from app.tuning.learning_rates.safe_range import as_rates, safe_range
from app.tuning.planning.plan import Plan
from app.tuning.racing.candidates import RaceCandidate, runs_alike, unique
from app.tuning.racing.elimination import Standing
from app.tuning.racing.peak_limits import first_seen_to_diverge
from app.tuning.racing.selection import Choice
from app.tuning.statistics import probability_better

CONTRADICTION_LEVEL = 0.025  # one-sided level of the paired tests of all rivals together


@dataclass(frozen=True, kw_only=True, eq=False)
class Confirmation:
    """The results of the recommended candidate, the runners-up and the baselines on the confirming seeds.

    entries: the recommended candidate, the runners-up, then the baselines. count: how many entries precede
    the baselines. values: (entries, replicates), nan if a run diverged. metrics: the mean metrics of the
    recommended candidate, by name.
    """

    entries: tuple[RaceCandidate, ...]
    count: int
    values: Values
    metrics: Mapping[str, float]

    def diverged(self) -> Iterator[Configuration]:
        """Yield the configurations that diverged on a confirming seed."""
        rows = np.flatnonzero(np.isnan(self.values).any(axis=1))
        return (self.entries[row].configuration for row in rows)


def confirm(plan: Plan, races: ConfirmationRaces, choice: Choice, seeds: Seeds) -> Steps[Confirmation]:
    """Run the choice, the runners-up and the baselines on every replicate of the job."""
    best = races.candidates(choice)
    entries = unique([*best, *races.baselines(choice)])
    result = yield EvaluationRequest(
        configurations=tuple(entry.configuration for entry in entries),
        replicates=range(seeds, seeds + plan.replicates),
        steps=plan.steps,
    )
    return Confirmation(
        entries=tuple(entries),
        count=len(best),
        values=result.values,
        metrics={name: float(means[0]) for name, means in result.metrics.items()},
    )


def reconsider(
    plan: Plan,
    standing: Standing,
    choice: Choice,
    confirmation: Confirmation,
    floor: float,
    diverged: list[Configuration],
) -> Steps[tuple[Standing, Choice] | None]:
    """Return another choice, with its race, if the confirmation contradicts the choice; else None.

    The confirmation contradicts the choice if another raced candidate is better by a paired test. A choice
    that diverged is contradicted too, as a lower peak or another candidate may have the margin that the
    choice lacks. A candidate without a margin never replaces one with a margin.

    diverged: the configurations that diverged in any stage, this confirmation included. Configurations that
    diverge in a race with a margin are added to the list.
    """
    if np.isnan(confirmation.values[0]).any():
        race, other = yield from choose_with_margin(plan, standing, floor, diverged, choice.sweeps)
        is_same = runs_alike(other.recommended, choice.recommended)
        return None if is_same or other.range is None else (race, other)
    better = None if plan.is_exact else _better(standing, confirmation)
    if better is None:
        return None
    other = yield from choose(plan, standing, floor, diverged, [better], choice.sweeps)
    return None if other.range is None and choice.range is not None else (standing, other)


def range_after(choice: Choice, diverged: Sequence[Configuration]) -> SafeLearningRate | None:
    """Return the safe range given everything that diverged; None if the peak lost its margin."""
    if choice.range is None:
        return None
    peak = first_seen_to_diverge(choice.sweep.configuration, diverged)
    safe = safe_range(choice.sweep, choice.needs.with_divergence(peak))
    is_kept = safe is not None and safe.peak == choice.range.peak
    return as_rates(choice.sweep, safe) if safe is not None and is_kept else None


def _better(standing: Standing, confirmation: Confirmation) -> int | None:
    """Return the row of the best candidate that beats the recommended one by the test; None if none does."""
    recommended = confirmation.values[0]
    rivals = [
        (row, values)
        for entry, values in zip(confirmation.entries[1:], confirmation.values[1:], strict=True)
        for row, other in enumerate(standing.candidates)
        if entry.is_eligible and runs_alike(entry, other) and np.isfinite(values).all()
    ]
    level = CONTRADICTION_LEVEL / max(1, len(rivals))
    better = [(row, values) for row, values in rivals if probability_better(recommended - values) < level]
    return min(better, key=lambda rival: float(rival[1].mean()))[0] if better else None
