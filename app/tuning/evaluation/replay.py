"""Replay of one trial, alone, and the comparison of its result with the stored result, bit for bit."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.engine.trajectories.result import Trajectory
from app.spec.job import JobSpec
from app.spec.resources.replays import ReplayDifference
from app.tuning.evaluation.shards import Shard


def replay_shard(
    spec: JobSpec, number: int, configuration: Configuration, state: TrialState, steps_done: int
) -> Shard:
    """Return the shard that runs a trial again on all of its replicates.

    A row of a batch equals the same trial alone, so the other trials of the round are not needed. A pruned
    trial stops at the step at which the stored trial stopped.
    """
    return Shard(
        spec=spec,
        numbers=(number,),
        configurations=(configuration,),
        replicates=tuple(range(spec.replicates)),
        stop_at=steps_done if state is TrialState.PRUNED else None,
    )


def first_difference(stored: TrialResult, replayed: TrialResult) -> ReplayDifference | None:
    """Return the first difference of two results; rows of the trajectory come first, in the order of steps.

    Two facts are not compared, as a replay cannot repeat them: the duration, and the rank of a pruned trial.
    """
    row = _first_row(_trajectory(stored), _trajectory(replayed))
    if row is not None:
        return row
    for name in ("state", "steps_done", "rungs", "value", "metrics"):
        before, after = _shown(getattr(stored, name)), _shown(getattr(replayed, name))
        if before != after:
            return ReplayDifference(field=name, step=None, stored=before, replayed=after)
    return None


def _trajectory(result: TrialResult) -> Trajectory | None:
    return None if result.trajectory is None else codec.decode(result.trajectory)


def _first_row(stored: Trajectory | None, replayed: Trajectory | None) -> ReplayDifference | None:
    if stored is None or replayed is None:
        return None  # a trial without a trajectory has only its result
    rows = min(len(stored.step), len(replayed.step))
    first: tuple[int, str] | None = None
    for field in dataclasses.fields(stored):
        before, after = getattr(stored, field.name), getattr(replayed, field.name)
        if before is None or after is None:
            continue
        row = _first_unequal(before[:rows], after[:rows])
        if row is not None and (first is None or row < first[0]):
            first = row, field.name
    if first is None:
        if len(stored.step) == len(replayed.step):
            return None
        last, counts = int(stored.step[rows - 1]), (len(stored.step), len(replayed.step))
        return ReplayDifference(
            field="step", step=last, stored=f"{counts[0]} rows", replayed=f"{counts[1]} rows"
        )
    row, name = first
    before, after = (_shown(getattr(trajectory, name)[row].tolist()) for trajectory in (stored, replayed))
    return ReplayDifference(field=name, step=int(stored.step[row]), stored=before, replayed=after)


def _first_unequal(stored: NDArray[Any], replayed: NDArray[Any]) -> int | None:
    """Return the first row with a differing bit; nan equals nan. None if there is no such row."""
    # Any: columns of any type.
    if stored.dtype != replayed.dtype or stored.shape != replayed.shape:
        return 0
    unequal = _bits(stored) != _bits(replayed)
    rows = np.flatnonzero(unequal.reshape(len(unequal), -1).any(axis=1))
    return int(rows[0]) if len(rows) else None


def _bits(column: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(column).view(f"u{column.itemsize}")


def _shown(value: Any) -> str | None:
    """Return a value in full digits, so that a difference in the last bit is visible; None for no number."""
    # Any: numbers, states, and lists and dictionaries of these as JSON has them.
    if value is None or value != value:
        return None
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(str(_shown(item)) for item in value)}]"
    if isinstance(value, dict):  # which metrics of an ended run lack a number depends on its neighbours
        return ", ".join(f"{name} {_shown(value[name])}" for name in sorted(value) if value[name] is not None)
    return repr(float(value)) if isinstance(value, float) else str(value)
