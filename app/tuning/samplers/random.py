"""Independent draws; with no model, trials of a round need not know of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.records import Configuration
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.space.unit_cube import uniform


@dataclass(frozen=True, kw_only=True)
class Random(Sampler):
    """One draw for each parameter that a trial has, in the order in which the space is walked."""

    kind = "random"
    reads_past: ClassVar[bool] = False

    def ask(self, ask: Ask) -> list[Configuration]:
        """See the base."""
        generator = ask.generator
        return [ask.space.walk(lambda _, found: uniform(found, generator)) for _ in ask.numbers]
