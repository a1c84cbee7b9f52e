"""The rounds of a search: their trials, and the trials that the sampler reads before each.

A round is asked at once and evaluated as a batch. A pruner ranks a round, whole or in brackets. `Rounds` cuts
a job into rounds by a fixed rule of the spec.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from app.spec.job import JobSpec
from app.tuning.evaluation.cost import trial_operations
from app.tuning.samplers import sampler_of
from app.tuning.space.tree import SearchSpace

LEARNING_TRIALS = 64  # trials before which a round has the width `learning` of its pace
# Trials that a sampler must know, besides the round before, to be asked while that round is still evaluated.
ENOUGH_TRIALS = 64
# Trials of the widest round of a sampler that learns, and the least that this width is for costly trials.
WIDEST_ROUND, LEAST_WIDEST = 128, 16
# Most floating point operations of a round: minutes of a core, so that the sampler learns soon.
ROUND_OPERATIONS = 1e12

# Trials of a round of a sampler that does not learn. With a pruner: three full levels of successive halving.
RANDOM_BRACKET = 27
RANDOM_ROUND = 256  # without a pruner: wider batches save the engine no more time


@dataclass(frozen=True)
class Pace:
    """The widths, in trials, of the rounds of a sampler that learns.

    first: the width of the first round. learning: the width of each later round until there are
    LEARNING_TRIALS. From then on the width is the number of trials so far over `parts`, rounded down to a
    multiple of `multiple`.
    """

    first: int
    learning: int
    parts: int
    multiple: int

    def width(self, so_far: int) -> int:
        """Return the width of the round that follows so many trials."""
        if so_far < LEARNING_TRIALS:
            return self.learning if so_far else self.first
        return so_far // self.parts // self.multiple * self.multiple


# A job of few trials asks the model, which begins with 16 trials, again soon: the gain exceeds the cost of
# narrow batches. A job of many trials has time to learn, and two processes share each of its rounds.
MANY_TRIALS = 256  # trials from which on a job has the pace MANY_PACE
FEW_PACE, MANY_PACE = Pace(16, 8, 8, 8), Pace(32, 32, 2, 16)


@dataclass(frozen=True)
class Rounds:
    """The cut of a job into rounds.

    edges: the first number of each round, then the number of all trials.
    lags: for each round, how many of the rounds just before need not have ended when the round is asked.
    """

    edges: tuple[int, ...]
    lags: tuple[int, ...]

    @classmethod
    def of(cls, spec: JobSpec) -> Rounds:
        """Cut a job by its sampler, its pruner and the estimated cost of a trial, never by the machine."""
        sampler = sampler_of(spec)
        total, learns = _trial_count(spec), sampler.reads_past
        widest = _widest(spec)
        edges, lags = [0], list[int]()
        pace = FEW_PACE if total < MANY_TRIALS else MANY_PACE
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

    @property
    def trial_count(self) -> int:
        """The number of trials: the budget, or fewer if the sampler can propose only so many."""
        return self.edges[-1]

    def numbers(self, r: int) -> range:
        """Return the numbers of the trials of round r; raise ValueError if the job has no such round."""
        if not 0 <= r < len(self):
            raise ValueError(f"round must be from 0 to {len(self) - 1}, got {r}")
        return range(self.edges[r], self.edges[r + 1])

    def round_of(self, number: int) -> int:
        """Return the round of a trial by its number; for a number beyond the last, the number of rounds."""
        return bisect_right(self.edges, number) - 1

    def seen(self, r: int) -> int:
        """Return the number of rounds, from the first on, that must have ended before round r is asked."""
        return r - self.lags[r]


def _trial_count(spec: JobSpec) -> int:
    """Return the number of trials of a job: its budget, or fewer if its sampler can propose only so many."""
    most = sampler_of(spec).most_trials(SearchSpace.of(spec))
    return spec.budget.trials if most is None else min(most + len(spec.enqueue), spec.budget.trials)


def _widest(spec: JobSpec) -> int:
    """Return the number of trials of the widest round."""
    if not sampler_of(spec).reads_past:
        return RANDOM_ROUND if spec.pruner.kind == "none" else RANDOM_BRACKET
    widest = min(WIDEST_ROUND, int(ROUND_OPERATIONS // trial_operations(spec)))
    return max(LEAST_WIDEST, widest // LEAST_WIDEST * LEAST_WIDEST)
