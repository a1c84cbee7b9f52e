"""Independent draws; with no model, trials of a round need not know of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optuna.samplers import RandomSampler

from app.spec.records import Configuration
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.samplers.study import SEED_LIMIT, new_study


@dataclass(frozen=True, kw_only=True)
class Random(Sampler):
    """Optuna's, in the order in which the space is walked."""

    kind = "random"
    reads_past: ClassVar[bool] = False

    def ask(self, ask: Ask) -> list[Configuration]:
        """See the base."""
        study = new_study(RandomSampler(seed=int(ask.generator.integers(SEED_LIMIT))))
        return [ask.space.draw(study.ask()) for _ in ask.numbers]
