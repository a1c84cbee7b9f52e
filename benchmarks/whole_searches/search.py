"""A search as the worker runs it, round after round in this process, and what its best trial is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from app.domain.records import Configuration, FinishedTrial
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, evaluate, shards_of_round
from app.tuning.search.rounds import ask_round, round_count, trial_numbers

FRESH_SEED = 1_000_003  # on which the found configurations are measured; no search has it
FRESH = 16  # replicates


def rounds_of(spec: JobSpec) -> Iterator[tuple[list[FinishedTrial], int]]:
    """The trials of each round, and the updates that all of them made together."""
    trials: list[FinishedTrial] = []
    for r in range(round_count(spec)):
        ended, updates = evaluate_round(spec, r, trials)
        trials += ended
        yield ended, updates


def evaluate_round(spec: JobSpec, r: int, before: Sequence[FinishedTrial]) -> tuple[list[FinishedTrial], int]:
    """Asks for a round and evaluates it: its trials, and the updates that they made together."""
    numbers = trial_numbers(spec, r)
    asked = ask_round(spec, r, before)
    results = [result for shard in shards_of_round(spec, r, numbers, asked) for result in evaluate(shard)]
    ended = [
        FinishedTrial(
            number=result.number,
            round=r,
            state=result.state,
            configuration=asked[result.number - numbers.start],
            value=result.value,
            rungs=result.rungs,
        )
        for result in results
    ]
    return ended, sum(result.steps_done for result in results) * spec.replicates


def fresh_values(spec: JobSpec, configurations: list[Configuration]) -> list[float]:
    """The value of each configuration as the mean over seeds that no search had; inf where one diverged."""
    other = spec.model_copy(update={"seed": FRESH_SEED})
    shard = Shard(
        spec=other,
        numbers=tuple(range(len(configurations))),
        configurations=tuple(configurations),
        replicates=tuple(range(FRESH)),
        record=False,
    )
    means = (float(np.mean(result.values)) for result in evaluate(shard))
    return [mean if np.isfinite(mean) else float("inf") for mean in means]
