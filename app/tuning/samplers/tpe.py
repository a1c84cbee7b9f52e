"""The tree-structured Parzen estimator, a round at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.records import Configuration
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.samplers.parzen.history import History, rank_of
from app.tuning.samplers.parzen.proposals import propose


@dataclass(frozen=True, kw_only=True)
class Tpe(Sampler):
    """TPE over the best and the latest trials; `app.tuning.samplers.parzen` has the model."""

    kind = "tpe"
    reads_past: ClassVar[bool] = True

    def ask(self, ask: Ask) -> list[Configuration]:
        """Return the proposals of the model of the past trials."""
        ranked = [(trial, rank) for trial in ask.past if (rank := rank_of(trial)) is not None]
        history = History.of(
            [trial.configuration.params for trial, _ in ranked],
            [rank for _, rank in ranked],
            ask.space.distributions(),
        )
        return propose(history, len(ask.numbers), ask.space.walk, ask.generator)
