"""The rounds of a search: which trials each has, and the configurations that the sampler proposes for it.

A round is asked at once, evaluated as a batch, and is the bracket that a pruner ranks. Its size is a fixed
rule of the spec:

- TPE: 16 trials, so that the model learns several times from a modest budget while batches stay wide;
- random with a pruner: 27, three full levels of successive halving;
- random without a pruner: up to 256, since nothing is gained by waiting.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.spec.job import JobSpec
from app.spec.records import Configuration, FinishedTrial
from app.tuning.enqueued import enqueued
from app.tuning.samplers import Ask, sampler_of
from app.tuning.space import Space

TPE_ROUND = 16
RANDOM_BRACKET = 27
RANDOM_ROUND = 256


def trial_count(spec: JobSpec) -> int:
    """How many trials a job can have: its budget, or fewer where its sampler runs out of them."""
    offered = sampler_of(spec).most_trials(Space.of(spec))
    return spec.budget.trials if offered is None else min(offered + len(spec.enqueue), spec.budget.trials)


def round_size(spec: JobSpec) -> int:
    """How many trials a full round has."""
    if sampler_of(spec).reads_past:
        return TPE_ROUND
    return RANDOM_ROUND if spec.pruner.kind == "none" else RANDOM_BRACKET


def round_count(spec: JobSpec) -> int:
    """How many rounds a job has; the last one may be short."""
    return -(-trial_count(spec) // round_size(spec))


def trial_numbers(spec: JobSpec, r: int) -> range:
    """The numbers of the trials of round r."""
    if not 0 <= r < round_count(spec):
        raise ValueError(f"round must be from 0 to {round_count(spec) - 1}, got {r}")
    size = round_size(spec)
    return range(r * size, min((r + 1) * size, trial_count(spec)))


def ask_round(spec: JobSpec, r: int, finished: Sequence[FinishedTrial]) -> list[Configuration]:
    """The configurations of round r, in the order of their numbers.

    First come those that the client gave, then what the sampler proposes. A pure function of the spec and of
    the trials of rounds before r, those of other jobs included: later ones are ignored, and the order in
    which they are given does not matter. What a sampler knows is rebuilt and its stream begun anew for every
    round, so a job that was killed goes on as one that was not.
    """
    sampler, space, numbers = sampler_of(spec), Space.of(spec), trial_numbers(spec, r)
    first = enqueued(spec, space, numbers)
    if len(first) == len(numbers):
        return first
    # A design that goes by numbers starts after what the client gave, so that none of it is lost.
    shift = 0 if sampler.reads_past else len(spec.enqueue)
    earlier = sorted((trial for trial in finished if trial.round < r), key=lambda trial: trial.number)
    return first + sampler.ask(
        Ask(
            space=space,
            seed=spec.seed,
            round=r,
            numbers=range(numbers.start + len(first) - shift, numbers.stop - shift),
            past=earlier if sampler.reads_past else (),
        )
    )
