"""What the runs of a shard take in memory, by a fixed formula of their shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from app.engine.optimizers import Optimizer
from app.spec.job import JobSpec
from app.tuning.evaluation.objective import build_objective, dtype_of

SHARD_BYTES = 1e9  # what a shard is cut to
PROCESS_BYTES = 2e9  # the most that a shard which cannot be cut may take

_COPIES = 2  # of what a row keeps, while blocks are formed
_FIXED = 10_000  # bytes of a run's objects, rates and chunk
_RECORDED_ROWS = 1_001  # of a trajectory, at most
_RECORDED_PARAMETERS = 10  # of a run with more of them, none is recorded

# An optimizer, and the rows of a minibatch: None for the full batch, and for functions.
Member: TypeAlias = tuple[Optimizer, int | None]


def batch_bytes(spec: JobSpec, members: Iterable[Member], *, record: bool = True) -> int:
    """Estimated bytes of one run of each while their shard is evaluated; on the high side.

    It never depends on measured memory, or the cut of a job would. record: whether trajectories are kept.
    """
    objective, dtype = build_objective(spec.objective), dtype_of(spec)
    dimension, number = objective.dimension, np.dtype(dtype).itemsize
    fixed = _FIXED
    if record:
        kept = dimension if dimension <= _RECORDED_PARAMETERS else 0
        rows = min(spec.budget.steps + 1, _RECORDED_ROWS)
        # The history and the rates, the columns that it is turned into, and instead of it the encoded value.
        fixed += rows * (2 * number * (2 + kept) + 48)
    return sum(
        fixed + _COPIES * optimizer.state_size(dimension) * number + objective.row_bytes(batch_size, dtype)
        for optimizer, batch_size in members
    )
