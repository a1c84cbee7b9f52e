"""Cuts a batch whose runs do not wait for each other into slabs that run one after the other.

A slab then bounds the memory, not the batch. Rows do not depend on their neighbours, so no value depends on
the cut. The cut follows a fixed rule of shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from app.engine.batching.blocking import Run
from app.engine.objectives.base import Objective
from app.engine.trajectories.result import BatchResult

_SLAB_BYTES = 64_000_000  # of parameters, gradients and optimizer states


def slabs(objective: Objective, runs: Sequence[Run], dtype: type) -> list[slice]:
    """Return the runs of each slab: as many runs as fit, in slabs of about equal size."""
    state_numbers = max(run.optimizer.state_size(objective.dimension) for run in runs)
    max_runs = max(1, _SLAB_BYTES // (state_numbers * np.dtype(dtype).itemsize))
    count = -(-len(runs) // max_runs)
    edges = [len(runs) * i // count for i in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]


def concatenate_results(results: Sequence[BatchResult]) -> BatchResult:
    """Return the results of slabs as one result, in the order of their runs."""
    sizes = [len(result.outcomes) for result in results]
    names = dict.fromkeys(name for result in results for name in result.metrics)
    missing = [np.full(size, np.nan) for size in sizes]
    recorded = [result.trajectories for result in results]
    return BatchResult(
        outcomes=[outcome for result in results for outcome in result.outcomes],
        values=np.concatenate([result.values for result in results]),
        metrics={
            name: np.concatenate(
                [result.metrics.get(name, nans) for result, nans in zip(results, missing, strict=True)]
            )
            for name in names
        },
        steps_done=np.concatenate([result.steps_done for result in results]),
        rung_steps=results[0].rung_steps,
        rung_values=np.concatenate([result.rung_values for result in results]),
        reasons=[reason for result in results for reason in result.reasons],
        trajectories=None
        if recorded[0] is None
        else [trajectory for trajectories in recorded if trajectories for trajectory in trajectories],
    )
