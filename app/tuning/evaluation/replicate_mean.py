"""The one trajectory of a trial whose replicates have one each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.trajectories.result import Trajectory

# The engine records runs up to this length whole; of longer ones each keeps extremes of its own.
WHOLE_UP_TO = 1_000  # steps


def mean_trajectory(replicates: Sequence[Trajectory], steps: int) -> Trajectory:
    """The mean of losses and norms, row by row, as far as every replicate went.

    Learning rates are those of the replicate that ended first, parameters those of the first. Of runs
    longer than 1,000 steps it is the first replicate's trajectory: the rows of the others are at other steps.
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
