"""What every sampler is: a function from the trials of earlier rounds to the configurations of the next."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from app.domain.records import Configuration, FinishedTrial
from app.engine.registry import Kind
from app.engine.seeds import Purpose, stream
from app.tuning.space.tree import SearchSpace


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What the configurations of a round are a pure function of.

    numbers: of the trials that are asked for. past: the ended trials of earlier rounds, by number; empty for
    a sampler that does not read them. kept: what the sampler keeps from one round of a search to the next, to
    save work; it decides nothing, and a process that begins anew begins with none.
    """

    space: SearchSpace
    seed: int
    round: int
    numbers: range
    past: Sequence[FinishedTrial] = ()
    kept: dict[str, object] = field(default_factory=dict)

    @property
    def generator(self) -> np.random.Generator:
        """The round's own stream."""
        return stream(self.seed, Purpose.SAMPLER, self.round)


@dataclass(frozen=True, kw_only=True)
class Sampler(Kind):
    """Proposes the trials of a job, a round at a time; what a client is told of it stands in its spec."""

    reads_past: ClassVar[bool]
    reads_all: ClassVar[bool] = False  # of the past, not the best and the latest alone
    generation: ClassVar[int | None] = None  # trials of every round, each asked from all before it

    @abstractmethod
    def ask(self, ask: Ask) -> list[Configuration]:
        """A configuration for each number, in their order."""

    def unsuited(self, space: SearchSpace) -> Iterator[tuple[str, str]]:
        """What of a space it cannot search: (JSON pointer, message with the way out)."""
        yield from ()

    def most_trials(self, space: SearchSpace) -> int | None:
        """How many trials it has to offer; None where there is no end."""
        return None
