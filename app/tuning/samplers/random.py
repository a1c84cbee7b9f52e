"""Random search: independent draws; without a model, the trials of a round do not depend on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.records import Configuration
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.space.unit_cube import uniform


@dataclass(frozen=True, kw_only=True)
class Random(Sampler):
    """Random search: a draw for each parameter of a trial, in the order of the walk through the space."""

    kind = "random"
    reads_past: ClassVar[bool] = False

    def ask(self, ask: Ask) -> list[Configuration]:
        """Return independent configurations."""
        generator = ask.generator
        return [ask.space.walk(lambda _, distribution: uniform(distribution, generator)) for _ in ask.numbers]
