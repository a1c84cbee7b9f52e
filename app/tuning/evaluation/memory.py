"""The memory of the runs of a shard, by a fixed formula of their shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from app.engine.optimizers import Optimizer
from app.spec.job import JobSpec
from app.tuning.evaluation.objective import build_objective, dtype_of

SHARD_BYTES = 1e9  # largest memory of a shard that can be cut
PROCESS_BYTES = 2e9  # largest memory of a shard that cannot be cut

_STATE_COPIES = 2  # copies of a run's state while blocks are formed
_RUN_BYTES = 10_000  # bytes of a run's objects, rates and chunk
_MAX_RECORDED_ROWS = 1_001  # most rows of a trajectory
_MAX_RECORDED_PARAMETERS = 10  # a run with more parameters records none

# An optimizer, and the rows of the minibatch: None for the full batch and for functions.
Member: TypeAlias = tuple[Optimizer, int | None]


def batch_bytes(spec: JobSpec, members: Iterable[Member], *, record: bool = True) -> int:
    """Estimate the bytes of one run of each member while their shard is evaluated, on the high side.

    The estimate never depends on measured memory: the cut of a job must not depend on it either.
    record: whether the runs record trajectories.
    """
    objective, dtype = build_objective(spec.objective), dtype_of(spec)
    dimension, number = objective.dimension, np.dtype(dtype).itemsize
    fixed = _RUN_BYTES
    if record:
        # The recorded history and the rates, and the columns made of them, which the encoding replaces.
        columns = 2 + recorded_parameters(dimension)
        fixed += recorded_rows(spec.budget.steps) * (2 * number * columns + 48)
    return sum(
        fixed
        + _STATE_COPIES * optimizer.state_size(dimension) * number
        + objective.row_bytes(batch_size, dtype)
        for optimizer, batch_size in members
    )


def recorded_rows(steps: int) -> int:
    """Return the most rows of the trajectory of a run."""
    return min(steps + 1, _MAX_RECORDED_ROWS)


def recorded_parameters(dimension: int) -> int:
    """Return how many parameters a row of a trajectory holds."""
    return dimension if dimension <= _MAX_RECORDED_PARAMETERS else 0
