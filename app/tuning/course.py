"""The course of a race, stage by stage: the material of a verdict and of the sentences about it."""

from __future__ import annotations

from dataclasses import dataclass

from app.tuning.doubling import Doubled
from app.tuning.elimination import Standing
from app.tuning.field import Entry, unique
from app.tuning.preference import Choice

FINALISTS = 4  # of the race, who meet the schedules made for their leader
CONFIRMED = 3  # of the final, on the seeds that nobody was chosen by


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What each stage gave.

    first: candidates and baselines. near: the last generation made of the best of these; the first where
    there was none. final: the best of that, and schedules made for its leader. doubled: None where it could
    not be looked at.
    """

    first: Standing
    near: Standing
    final: Standing
    choice: Choice
    doubled: Doubled | None

    @property
    def winner(self) -> Entry:
        """The recommended one."""
        return self.final.entries[self.choice.entry]


def confirmed(first: Standing, final: Standing, choice: Choice) -> list[Entry]:
    """Who runs on the seeds drawn after the choice: the recommended one, the best others, the baselines."""
    searched = [row for row in final.survivors if not final.entries[row].is_default]  # defaults run anyway
    others = [row for row in searched if row != choice.entry][: CONFIRMED - 1]
    best = [final.entries[row] for row in (choice.entry, *others)]
    return unique([*best, *(entry for entry in first.entries if entry.is_baseline)])
