"""The rounds of a search: which trials each has, what it is asked from, and what the sampler proposes.

A round is asked at once, evaluated as a batch, and is what a pruner ranks, whole or in brackets. All of it is
a fixed rule of the spec, which `Rounds` has.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.records import Configuration, FinishedTrial
from app.spec.job import JobSpec
from app.tuning.evaluation.cost import trial_operations
from app.tuning.samplers import Ask, sampler_of
from app.tuning.space.enqueue import enqueued
from app.tuning.space.tree import SearchSpace

LEARNING_TRIALS = 64
# A round is asked while the one before it is evaluated once it knows this many trials without that one.
ENOUGH_TRIALS = 64
WIDEST_ROUND, LEAST_WIDEST = 128, 16
# Of a round at the most: minutes of a core, so that what is learned is used soon.
ROUND_OPERATIONS = 1e12

# One that learns nothing: three full levels of successive halving, or as wide as the engine cares for.
RANDOM_BRACKET = 27
RANDOM_ROUND = 256


@dataclass(frozen=True)
class Pace:
    """How wide the rounds of a sampler that learns are.

    first: the first one. learning: each that follows until there are LEARNING_TRIALS. From then on a round
    has one part in `parts` of the trials so far, in multiples of `multiple`.
    """

    first: int
    learning: int
    parts: int
    multiple: int

    def width(self, so_far: int) -> int:
        """Of the round after so many trials."""
        if so_far < LEARNING_TRIALS:
            return self.learning if so_far else self.first
        return so_far // self.parts // self.multiple * self.multiple


# In a job of few trials the model, which begins with 16, is asked again soon: that is worth more than what
# narrow batches cost. Where many are to come there is time to learn, and two processes share a round.
MANY_TRIALS = 256
FEW, MANY = Pace(16, 8, 8, 8), Pace(32, 32, 2, 16)


@dataclass(frozen=True)
class Rounds:
    """How a job is cut into rounds.

    edges: the first number of each round, and the number of all trials. lags: of each round, how many of the
    rounds just before it its ask does not wait for.
    """

    edges: tuple[int, ...]
    lags: tuple[int, ...]

    @classmethod
    def of(cls, spec: JobSpec) -> Rounds:
        """By the sampler, the pruner and the estimated cost of a trial; never by what a machine does."""
        sampler = sampler_of(spec)
        total, learns = trial_count(spec), sampler.reads_past
        widest = _widest(spec)
        edges, lags = [0], list[int]()
        pace = FEW if total < MANY_TRIALS else MANY
        while edges[-1] < total:
            so_far, before_last = edges[-1], edges[-2] if lags else 0
            size, lag = widest, min(1, len(lags))
            if sampler.generation is not None:
                size, lag = sampler.generation, 0
            elif learns:
                size = min(widest, pace.width(so_far))
                lag = 1 if before_last >= ENOUGH_TRIALS else 0
            edges.append(min(so_far + size, total))
            lags.append(lag)
        return cls(tuple(edges), tuple(lags))

    def __len__(self) -> int:
        return len(self.lags)

    def numbers(self, r: int) -> range:
        """The numbers of the trials of round r."""
        if not 0 <= r < len(self):
            raise ValueError(f"round must be from 0 to {len(self) - 1}, got {r}")
        return range(self.edges[r], self.edges[r + 1])

    def holding(self, number: int) -> int:
        """The round of the trial of that number; of one beyond the last, how many rounds there are."""
        return bisect_right(self.edges, number) - 1

    def seen(self, r: int) -> int:
        """How many rounds, from the first on, must have ended for round r to be asked."""
        return r - self.lags[r]


def trial_count(spec: JobSpec) -> int:
    """How many trials a job can have: its budget, or fewer where its sampler runs out of them."""
    offered = sampler_of(spec).most_trials(SearchSpace.of(spec))
    return spec.budget.trials if offered is None else min(offered + len(spec.enqueue), spec.budget.trials)


def round_count(spec: JobSpec) -> int:
    """How many rounds a job has; the last one may be short."""
    return len(Rounds.of(spec))


def trial_numbers(spec: JobSpec, r: int) -> range:
    """The numbers of the trials of round r."""
    return Rounds.of(spec).numbers(r)


def _widest(spec: JobSpec) -> int:
    """The most trials of a round."""
    if not sampler_of(spec).reads_past:
        return RANDOM_ROUND if spec.pruner.kind == "none" else RANDOM_BRACKET
    widest = min(WIDEST_ROUND, int(ROUND_OPERATIONS // trial_operations(spec)))
    return max(LEAST_WIDEST, widest // LEAST_WIDEST * LEAST_WIDEST)


def ask_round(
    spec: JobSpec, r: int, finished: Sequence[FinishedTrial], kept: dict[str, object] | None = None
) -> list[Configuration]:
    """The configurations of round r, in the order of their numbers.

    First come those that the client gave, then what the sampler proposes. A pure function of the spec and of
    the trials that the round is asked from, those of other jobs included: later ones are ignored, and the
    order in which they are given does not matter. What a sampler knows is rebuilt and its stream begun anew
    for every round, so a job that was killed goes on as one that was not. kept: see `Ask`; with the
    same one in each round of a search, a sampler may go on from what it had.
    """
    rounds = Rounds.of(spec)
    past = [trial for trial in finished if trial.round < rounds.seen(r)]
    return ask_numbers(spec, r, rounds.numbers(r), past, kept)


def ask_numbers(
    spec: JobSpec,
    r: int,
    numbers: range,
    finished: Sequence[FinishedTrial],
    kept: dict[str, object] | None = None,
) -> list[Configuration]:
    """As `ask_round`, of a round that has these numbers and is asked from all of these trials."""
    sampler, space = sampler_of(spec), SearchSpace.of(spec)
    first = enqueued(spec, space, numbers)
    if len(first) == len(numbers):
        return first
    # A design that goes by numbers starts after what the client gave, so that none of it is lost.
    shift = 0 if sampler.reads_past else len(spec.enqueue)
    earlier = sorted(finished, key=lambda trial: trial.number)
    return first + sampler.ask(
        Ask(
            space=space,
            seed=spec.seed,
            round=r,
            numbers=range(numbers.start + len(first) - shift, numbers.stop - shift),
            past=earlier if sampler.reads_past else (),
            kept={} if kept is None else kept,
        )
    )
