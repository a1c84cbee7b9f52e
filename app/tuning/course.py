"""The course of a race, stage by stage: the material of a verdict and of the sentences about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.tuning.doubling import Doubled
from app.tuning.elimination import Standing
from app.tuning.field import Entry, unique
from app.tuning.preference import Choice

FINALISTS = 4  # of the race, who meet the schedules made for their leader
CONFIRMED = 3  # of the final, on the seeds that nobody was chosen by


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What each stage gave. first: candidates and baselines. final: the best of these, and schedules made for
    the leader. doubled: None where it could not be looked at.
    """

    first: Standing
    final: Standing
    choice: Choice
    doubled: Doubled | None

    @property
    def winner(self) -> Entry:
        """The recommended one."""
        return self.final.entries[self.choice.entry]


def finalists(first: Standing, derived: Sequence[Entry]) -> list[Entry]:
    """The best survivors of the race, and what was made for the first of them."""
    best = [first.entries[entry] for entry in first.survivors[:FINALISTS]]
    return unique([*best, *derived])


def confirmed(first: Standing, final: Standing, choice: Choice) -> list[Entry]:
    """Who runs on the seeds drawn after the choice: the recommended one, the best others, the baselines."""
    others = [entry for entry in final.survivors if entry != choice.entry][: CONFIRMED - 1]
    best = [final.entries[entry] for entry in (choice.entry, *others)]
    return unique([*best, *(entry for entry in first.entries if entry.is_baseline)])
