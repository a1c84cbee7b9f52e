"""The base of all samplers: a function from the trials of earlier rounds to the next configurations."""

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
    """The arguments of an ask; the configurations of a round are a pure function of them, `kept` excepted.

    numbers: of the trials of the round.
    past: the ended trials of earlier rounds, by number; empty for a sampler that does not read them.
    kept: state that the sampler keeps from round to round to save work. The state changes no configuration,
    and a new process begins without any.
    """

    space: SearchSpace
    seed: int
    round: int
    numbers: range
    past: Sequence[FinishedTrial] = ()
    kept: dict[str, object] = field(default_factory=dict)

    @property
    def generator(self) -> np.random.Generator:
        """The random stream of the round."""
        return stream(self.seed, Purpose.SAMPLER, self.round)


@dataclass(frozen=True, kw_only=True)
class Sampler(Kind):
    """A sampler proposes the trials of a job, a round at a time; its spec has the text for clients."""

    reads_past: ClassVar[bool]  # whether the sampler reads earlier trials
    reads_all: ClassVar[bool] = False  # the sampler reads all earlier trials, not the best and latest alone
    generation: ClassVar[int | None] = None  # trials of a round, if each round needs all earlier rounds

    @abstractmethod
    def ask(self, ask: Ask) -> list[Configuration]:
        """Return a configuration for each number of the round, in their order."""

    def unsuited(self, space: SearchSpace) -> Iterator[tuple[str, str]]:
        """Yield what the sampler cannot search in a space: (JSON pointer, message with the way out)."""
        yield from ()

    def most_trials(self, space: SearchSpace) -> int | None:
        """Return the most trials that the sampler can propose; None without a limit."""
        return None
