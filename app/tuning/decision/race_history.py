"""The course of a race, stage by stage: what a verdict and the sentences about it are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.horizons.measurement import Horizons
from app.tuning.racing.candidates import RaceCandidate, describe, unique
from app.tuning.racing.elimination import Standing
from app.tuning.racing.final import best_row, is_tuned_constant
from app.tuning.racing.selection import Choice

CONFIRMED = 3  # entries of the final that run on the confirming seeds


@dataclass(frozen=True, kw_only=True, eq=False)
class RaceHistory:
    """What each stage gave.

    first: candidates and baselines. near: the last generation made of the best of these; the first where
    there was none. final: the best of that, and schedules made for its leader. standing: the race that the
    choice is of: the final, or the one with a margin after it. contradicted: the choice that the first
    confirmation spoke against; None where there was one confirmation. safe: the range that is left once every
    stage has run.
    """

    first: Standing
    near: Standing
    final: Standing
    standing: Standing
    choice: Choice
    contradicted: Choice | None
    safe: SafeLearningRate | None
    horizons: Horizons

    @property
    def winner(self) -> RaceCandidate:
        """The recommended one."""
        return self.choice.recommended


@dataclass(frozen=True, eq=False)
class Entrants:
    """The races whose entries are confirmed.

    first: with the baselines. final: with the best constant rates. standing: the race that the choice is of,
    which is the final, or the one with a margin after it.
    """

    first: Standing
    final: Standing
    standing: Standing

    def candidates(self, choice: Choice) -> list[RaceCandidate]:
        """Return the recommended entry and the best others of its race, those tied with it first."""
        entries = self.standing.entries
        # The defaults run as baselines anyway.
        searched = [row for row in self.standing.survivors if not entries[row].is_default]
        others = [row for row in searched if row != choice.entry]
        others.sort(key=lambda row: row not in choice.tied)
        return unique([choice.recommended, *(entries[row] for row in others[: CONFIRMED - 1])])

    def baselines(self, choice: Choice) -> list[RaceCandidate]:
        """Return the defaults, and the best constant rate of the final where a schedule is recommended.

        That one is named by its role, whatever else it is.
        """
        usual = [entry for entry in self.first.entries if entry.is_baseline]
        row = best_row(self.final, is_tuned_constant)
        if row is None or choice.recommended.configuration.schedule["kind"] == "constant":
            return usual
        entry = self.final.entries[row]
        label = f"best constant rate: {describe(entry.configuration)}"
        return [replace(entry, label=label, is_baseline=True), *usual]
