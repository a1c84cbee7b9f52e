"""Evaluation of configurations: the shards of a round, and the results of a shard."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.engine.batching.run_batch import Run, run_batch
from app.engine.objectives.base import Objective
from app.engine.trajectories import codec
from app.engine.trajectories.result import BatchResult, Outcome, Trajectory
from app.spec.job import JobSpec
from app.tuning.evaluation.cost import update_operations
from app.tuning.evaluation.memory import SHARD_BYTES, batch_bytes
from app.tuning.evaluation.objective import build_objective, dtype_of
from app.tuning.evaluation.pruning import LEAST_BRACKET, judge_for, pruning_rungs, rungs
from app.tuning.evaluation.replicate_mean import mean_trajectory

# Floating point operations of a shard, by the objective's estimate: a fraction of a second. The cost of
# sending a shard to a process is then small, and a round of a few seconds still occupies several processes.
SHARD_OPERATIONS = 2e9
ENOUGH_SHARDS = 8  # shards that occupy a machine
# Fewest operations of one update of a whole shard. Below, the interpreter's cost of a step outweighs them,
# and each shard pays that cost. Of 16 rows of the digits MLP, four shards take 1.4 times the processor time
# of a single shard, and eight shards 2.1 times.
STEP_OPERATIONS = 1e7
# Most operations of a shard. A shard of neural networks with as many takes about half a second, during which
# its process cannot turn to another job.
LONGEST_OPERATIONS = 1e10

# A shard counts as hung after this many times its estimated duration. The rates of the estimate are those of
# a slow machine. The least deadline covers what the estimate ignores, such as a machine that swaps.
DEADLINE_FACTOR = 20.0
LEAST_DEADLINE_S = 60.0  # seconds
OPERATIONS_PER_S = 1e9  # floating point operations a second
STEP_S = 5e-4  # seconds of a step of a batch of small functions, most of which Python takes


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A part of a batch that one process evaluates: every configuration on every replicate.

    bracket: the round whose pruning rule ranks all of these configurations together; None if nothing is
    pruned. stop_at: the rung at which a replayed trial was pruned, else None.
    """

    spec: JobSpec
    numbers: tuple[int, ...]
    configurations: tuple[Configuration, ...]
    replicates: tuple[int, ...]
    bracket: int | None = None
    record: bool = True
    stop_at: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Any: fields of any type. The spec's classes are derived at run time, so pickle cannot find them.
        return vars(self) | {"spec": self.spec.model_dump_json()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"spec": JobSpec.model_validate_json(state["spec"])})


def shards_of_round(
    spec: JobSpec, r: int, numbers: Sequence[int], configurations: Sequence[Configuration]
) -> list[Shard]:
    """Cut a round into shards by a fixed rule of the spec.

    If the round prunes, each shard is a bracket with a ranking of its own. A job with a bracket that exceeds
    the memory of a process was refused before (`planning.memory_limit`).
    """
    replicates = tuple(range(spec.replicates))
    brackets = max(1, len(numbers) // LEAST_BRACKET)
    count = shard_count(spec, configurations, len(replicates), at_most=brackets)
    bracket = r if pruning_rungs(spec, r, len(numbers) // count) else None
    if bracket is None:
        count = shard_count(spec, configurations, len(replicates), at_most=len(numbers))
    return [
        Shard(
            spec=spec,
            numbers=tuple(numbers[part]),
            configurations=tuple(configurations[part]),
            replicates=replicates,
            bracket=bracket,
        )
        for part in cuts(len(numbers), count)
    ]


def shard_count(
    spec: JobSpec, configurations: Sequence[Configuration], replicates: int, *, at_most: int
) -> int:
    """Return the number of shards of a batch, by its estimated cost alone, never by the machine.

    A batch is cut into as many shards as keep a machine busy: at most ENOUGH_SHARDS, each with at least
    STEP_OPERATIONS a step. It is cut further only if a shard would take longer than LONGEST_OPERATIONS, or
    exceed the memory of a shard. The number never exceeds `at_most`.
    """
    objective = build_objective(spec.objective)
    step_operations = replicates * sum(_cost(objective, configuration) for configuration in configurations)
    operations = spec.budget.steps * step_operations
    busy_count = min(
        round(operations / SHARD_OPERATIONS), ENOUGH_SHARDS, int(step_operations // STEP_OPERATIONS)
    )
    short_count = math.ceil(operations / LONGEST_OPERATIONS)
    return min(max(1, busy_count, short_count, fitting_count(spec, configurations, replicates)), at_most)


def deadline_s(shard: Shard) -> float:
    """Return the seconds after which a shard counts as hung."""
    objective = build_objective(shard.spec.objective)
    operations = len(shard.replicates) * sum(
        _cost(objective, configuration) for configuration in shard.configurations
    )
    estimate_s = shard.spec.budget.steps * (operations / OPERATIONS_PER_S + STEP_S)
    return max(LEAST_DEADLINE_S, DEADLINE_FACTOR * estimate_s)


def failed_results(shard: Shard, reason: str) -> list[TrialResult]:
    """Return the results of a shard that no process could evaluate."""
    return [
        TrialResult(
            number=number,
            state=TrialState.FAILED,
            value=None,
            values=(math.nan,) * len(shard.replicates),
            metrics={},
            steps_done=0,
            rungs=(),
            reason=reason,
            trajectory=None,
            engine_s=0.0,
        )
        for number in shard.numbers
    ]


def _cost(objective: Objective, configuration: Configuration) -> float:
    return update_operations(objective, configuration.optimizer_instance(), configuration.rows)


def fitting_count(spec: JobSpec, configurations: Sequence[Configuration], replicates: int) -> int:
    """Return the number of parts of a batch of which each fits the memory of a shard."""
    members = ((configuration.optimizer_instance(), configuration.rows) for configuration in configurations)
    return math.ceil(replicates * batch_bytes(spec, members) / SHARD_BYTES)


def cuts(length: int, count: int) -> list[slice]:
    """Return `count` neighbouring slices of nearly equal length, which cover `length` items."""
    edges = [length * i // count for i in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]


def evaluate(shard: Shard) -> list[TrialResult]:
    """Run a shard and return its results in the order of its numbers.

    The value of a trial is the mean over its replicates, and so is its trajectory, with the parameters of the
    first replicate. For runs longer than 1,000 steps the trajectory is that of the first replicate, as the
    replicates differ in the steps of their rows. A trial has diverged if one of its replicates diverged.
    """
    started = time.perf_counter()
    spec, replicates = shard.spec, shard.replicates
    judge = judge_for(spec, shard.bracket, len(shard.numbers), len(replicates), shard.stop_at)
    batch = run_batch(
        build_objective(spec.objective),
        _runs(shard),
        steps=spec.budget.steps,
        seed=spec.seed,
        dtype=dtype_of(spec),
        rungs=rungs(spec.budget.steps) if shard.record else (),  # a race measures the last step alone
        judge=judge,
        record=shard.record,
    )
    # Reading the trajectories sorts their rows, which counts as the engine's time too.
    trajectories = None if batch.trajectories is None else batch.trajectories[:]
    engine_s = (time.perf_counter() - started) / len(shard.numbers)
    return [
        _result(shard, place, batch, trajectories, judge.reasons if judge else {}, engine_s)
        for place in range(len(shard.numbers))
    ]


def _runs(shard: Shard) -> list[Run]:
    """Return the runs of a shard, ordered by configuration, then by replicate."""
    runs = []
    for configuration in shard.configurations:
        optimizer, schedule = configuration.optimizer_instance(), configuration.schedule_instance()
        runs += [
            Run(
                optimizer=optimizer,
                schedule=schedule,
                batch_size=configuration.rows,
                replicate=replicate,
                settings=configuration.settings,
            )
            for replicate in shard.replicates
        ]
    return runs


def _result(
    shard: Shard,
    place: int,
    batch: BatchResult,
    trajectories: Sequence[Trajectory] | None,
    pruned: Mapping[int, str],
    engine_s: float,
) -> TrialResult:
    """Return the result of the configuration at a place of the shard, over all of its replicates."""
    width, steps = len(shard.replicates), shard.spec.budget.steps
    rows = slice(place * width, (place + 1) * width)
    outcomes, values = batch.outcomes[rows], batch.values[rows]
    state, reason = TrialState.COMPLETED, None
    if Outcome.DIVERGED in outcomes:
        first = outcomes.index(Outcome.DIVERGED)
        state, reason = TrialState.DIVERGED, batch.reasons[rows.start + first]
        if width > 1:
            reason = f"replicate {shard.replicates[first]}: {reason}"
    elif Outcome.PRUNED in outcomes:
        state, reason = TrialState.PRUNED, pruned[place]
    trajectory = None
    if trajectories is not None:
        trajectory = codec.encode(mean_trajectory(trajectories[rows], steps))
    return TrialResult(
        number=shard.numbers[place],
        state=state,
        value=float(values.mean()) if state is TrialState.COMPLETED else None,
        values=tuple(values.tolist()),
        metrics={name: _mean(scores[rows]) for name, scores in batch.metrics.items()},
        steps_done=int(batch.steps_done[rows].min()),
        rungs=_rung_means(batch, rows),
        reason=reason,
        trajectory=trajectory,
        engine_s=engine_s,
    )


def _rung_means(batch: BatchResult, rows: slice) -> tuple[tuple[int, float], ...]:
    """Return (step, mean over the replicates) for each rung that all replicates reached."""
    values = batch.rung_values[rows]
    reached = np.isfinite(values).all(axis=0)
    means = values[:, reached].mean(axis=0)
    return tuple(zip(batch.rung_steps[reached].tolist(), means.tolist(), strict=True))


def _mean(values: NDArray[np.float64]) -> float | None:
    """Return the mean of the replicates; None if a replicate has no finite value."""
    mean = float(values.mean())
    return mean if math.isfinite(mean) else None
