"""The history of a race, stage by stage: the basis of the verdict and its explanation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.horizons.measurement import Horizons
from app.tuning.planning.race_limits import MAX_CONFIRMED
from app.tuning.racing.candidates import RaceCandidate, describe, unique
from app.tuning.racing.elimination import Standing
from app.tuning.racing.final import best_row, is_tuned_constant
from app.tuning.racing.selection import Choice


@dataclass(frozen=True, kw_only=True, eq=False)
class RaceHistory:
    """The result of each stage.

    first: the race of the trials and the baselines. iterated: the last generation of iterated racing; equal
    to `first` if there was none. final: the race of the best of `iterated` and the schedules derived for its
    leader.
    standing: the race of the choice: the final, or the race with a margin after it. contradicted: the choice
    that the first confirmation contradicted; None if there was one confirmation. safe: the safe range after
    every stage.
    """

    first: Standing
    iterated: Standing
    final: Standing
    standing: Standing
    choice: Choice
    contradicted: Choice | None
    safe: SafeLearningRate | None
    horizons: Horizons

    @property
    def winner(self) -> RaceCandidate:
        """The recommended candidate."""
        return self.choice.recommended


@dataclass(frozen=True, eq=False)
class ConfirmationRaces:
    """The races that give the entries of the confirmation.

    first: the race with the baselines. final: the race with the best constant rates. standing: the race of
    the choice: the final, or the race with a margin after it.
    """

    first: Standing
    final: Standing
    standing: Standing

    def candidates(self, choice: Choice) -> list[RaceCandidate]:
        """Return the recommended candidate and the best others of its race, tied candidates first."""
        candidates = self.standing.candidates
        # The defaults run as baselines anyway.
        searched = [row for row in self.standing.survivors if not candidates[row].is_default]
        others = [row for row in searched if row != choice.row]
        others.sort(key=lambda row: row not in choice.tied)
        return unique([choice.recommended, *(candidates[row] for row in others[: MAX_CONFIRMED - 1])])

    def baselines(self, choice: Choice) -> list[RaceCandidate]:
        """Return the defaults, and the best constant rate of the final if a schedule is recommended.

        The best constant rate is labelled by this role, even if it has a label of its own.
        """
        baselines = [candidate for candidate in self.first.candidates if candidate.is_baseline]
        row = best_row(self.final, is_tuned_constant)
        if row is None or choice.recommended.configuration.schedule["kind"] == "constant":
            return baselines
        constant = self.final.candidates[row]
        label = f"best constant rate: {describe(constant.configuration)}"
        return [replace(constant, label=label, is_baseline=True), *baselines]
