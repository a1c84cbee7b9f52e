"""Evaluates configurations: how a round is cut into shards, and what a shard gives."""

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

# Floating point operations (by the objective's estimate) of a shard: a fraction of a second, so that the cost
# of handing it to a process is small and a round of a few seconds still occupies several processes.
SHARD_OPERATIONS = 2e9
ENOUGH_SHARDS = 8  # to occupy a machine
# Of one update of a whole shard: with fewer, what a step costs the interpreter outweighs them, and each shard
# pays it. Four shards of 4 rows of the digits MLP take 1.4 times the processor time of one of 16, eight 2.1.
STEP_OPERATIONS = 1e7
# A shard of neural networks of so many takes about half a second; a process turns to no other job before.
LONGEST_OPERATIONS = 1e10

# A shard that takes this many times its estimate hangs. The rates of the estimate are of a slow machine; the
# least deadline covers what no estimate knows, as a machine that swaps.
DEADLINE_FACTOR = 20.0
LEAST_DEADLINE_S = 60.0
OPERATIONS_PER_S = 1e9
STEP_S = 5e-4  # of a batch of small functions, whose time goes into Python


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A part of a batch that one process evaluates: every configuration on every replicate.

    bracket: the round whose pruning rule judges these configurations, all together; None where nothing is
    pruned. stop_at: the rung at which a trial that is run again was pruned, else None.
    """

    spec: JobSpec
    numbers: tuple[int, ...]
    configurations: tuple[Configuration, ...]
    replicates: tuple[int, ...]
    bracket: int | None = None
    record: bool = True
    stop_at: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Any: fields of any type. The spec's classes are derived at run time: pickle cannot find them.
        return vars(self) | {"spec": self.spec.model_dump_json()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"spec": JobSpec.model_validate_json(state["spec"])})


def shards_of_round(
    spec: JobSpec, r: int, numbers: Sequence[int], configurations: Sequence[Configuration]
) -> list[Shard]:
    """Cuts a round by a fixed rule of the spec.

    Where something is pruned, each shard is a bracket, ranked on its own; `size.check_size` refuses the jobs
    of which one would not fit.
    """
    replicates = tuple(range(spec.replicates))
    most = max(1, len(numbers) // LEAST_BRACKET)
    count = shard_count(spec, configurations, len(replicates), at_most=most)
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
    """How many shards a batch is cut into: by its estimated cost alone, never by what a machine offers.

    At most 8, which occupies a machine, and not so many that each has few operations in a step; more only
    where one would keep a process for long, or where its runs would not fit the memory.
    """
    objective = build_objective(spec.objective)
    of_step = replicates * sum(_cost(objective, c) for c in configurations)
    operations = spec.budget.steps * of_step
    wanted = min(round(operations / SHARD_OPERATIONS), ENOUGH_SHARDS, int(of_step // STEP_OPERATIONS))
    short = math.ceil(operations / LONGEST_OPERATIONS)
    return min(max(1, wanted, short, fitting_count(spec, configurations, replicates)), at_most)


def deadline_s(shard: Shard) -> float:
    """After how many seconds a shard counts as hung."""
    objective = build_objective(shard.spec.objective)
    operations = len(shard.replicates) * sum(_cost(objective, found) for found in shard.configurations)
    estimate_s = shard.spec.budget.steps * (operations / OPERATIONS_PER_S + STEP_S)
    return max(LEAST_DEADLINE_S, DEADLINE_FACTOR * estimate_s)


def failed(shard: Shard, reason: str) -> list[TrialResult]:
    """What a shard gives that no process could evaluate."""
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
    """Into how many parts a batch must be cut for each to fit the memory of a shard."""
    members = ((found.optimizer_instance(), found.rows) for found in configurations)
    return math.ceil(replicates * batch_bytes(spec, members) / SHARD_BYTES)


def cuts(length: int, count: int) -> list[slice]:
    """`count` neighbouring slices of nearly equal length."""
    edges = [length * i // count for i in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]


def evaluate(shard: Shard) -> list[TrialResult]:
    """Runs a shard; results in the order of its numbers.

    A trial's value is the mean over its replicates, and so is its trajectory (parameters: of the first
    replicate); of runs longer than 1,000 steps it is the first replicate's, since their rows differ. One
    replicate that diverges makes the trial diverged.
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
        rungs=rungs(spec.budget.steps) if shard.record else (),  # a race measures the end alone
        judge=judge,
        record=shard.record,
    )
    # Reading the trajectories puts them in order, which is the engine's work too.
    trajectories = None if batch.trajectories is None else batch.trajectories[:]
    engine_s = (time.perf_counter() - started) / len(shard.numbers)
    return [
        _result(shard, place, batch, trajectories, judge.reasons if judge else {}, engine_s)
        for place in range(len(shard.numbers))
    ]


def _runs(shard: Shard) -> list[Run]:
    """By configuration, and within one by replicate."""
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
    """What the replicates of one configuration give together."""
    width, steps = len(shard.replicates), shard.spec.budget.steps
    rows = slice(place * width, (place + 1) * width)
    outcomes, values = batch.outcomes[rows], batch.values[rows]
    state, reason = TrialState.COMPLETED, None
    if Outcome.DIVERGED in outcomes:
        which = outcomes.index(Outcome.DIVERGED)
        state, reason = TrialState.DIVERGED, batch.reasons[rows.start + which]
        if width > 1:
            reason = f"replicate {shard.replicates[which]}: {reason}"
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
    """The mean over the replicates at each rung that all of them reached."""
    values = batch.rung_values[rows]
    reached = np.isfinite(values).all(axis=0)
    means = values[:, reached].mean(axis=0)
    return tuple(zip(batch.rung_steps[reached].tolist(), means.tolist(), strict=True))


def _mean(values: NDArray[np.float64]) -> float | None:
    """None where a replicate has none."""
    mean = float(values.mean())
    return mean if math.isfinite(mean) else None
