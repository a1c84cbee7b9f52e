"""A search as the worker runs it, round after round, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.records import FinishedTrial
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import evaluate, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round


def rounds_of(spec: JobSpec) -> Iterator[tuple[list[FinishedTrial], int]]:
    """Yield the trials of each round, and the number of updates that they made together."""
    trials: list[FinishedTrial] = []
    for r in range(len(Plan.of(spec).rounds)):
        ended, updates = evaluate_round(spec, r, trials)
        trials += ended
        yield ended, updates


def evaluate_round(spec: JobSpec, r: int, before: Sequence[FinishedTrial]) -> tuple[list[FinishedTrial], int]:
    """Ask for a round and evaluate it; return its trials and the sum of their updates."""
    numbers = Plan.of(spec).rounds.numbers(r)
    asked = ask_round(Plan.of(spec), r, before)
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
