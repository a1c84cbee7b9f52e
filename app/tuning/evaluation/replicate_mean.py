"""The trajectory of a trial, from the trajectories of its replicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.trajectories.result import Trajectory

# Steps of the longest run that the engine records whole; each longer run keeps its own extremes.
WHOLE_UP_TO = 1_000


def mean_trajectory(replicates: Sequence[Trajectory], steps: int) -> Trajectory:
    """Return the mean of losses and norms, row by row, up to the last row that all replicates have.

    Steps and learning rates come from the replicate that ended first, parameters from the first
    replicate. For runs longer than 1,000 steps the result is the trajectory of the first replicate, since the
    rows of the others lie at other steps.
    """
    first = replicates[0]
    if len(replicates) == 1 or steps > WHOLE_UP_TO:
        return first
    shortest = min(replicates, key=lambda trajectory: len(trajectory.step))
    rows = slice(len(shortest.step))
    columns = {}
    with np.errstate(over="ignore", invalid="ignore"):  # a replicate that diverges reaches infinity
        for name in ("loss", "validation_loss", "gradient_norm", "gradient_norm_l1"):
            column = getattr(first, name)
            stacked = np.stack([getattr(trajectory, name)[rows] for trajectory in replicates])
            columns[name] = stacked.mean(axis=0, dtype=np.float64).astype(column.dtype)
    return Trajectory(
        step=shortest.step,
        learning_rate=shortest.learning_rate,
        parameters=None if first.parameters is None else first.parameters[rows],
        **columns,
    )
