"""Trajectories for tests."""

from __future__ import annotations

import numpy as np

from app.engine.trajectories.result import Trajectory


def make_trajectory(rows: int, seed: int = 0, parameters: int | None = None) -> Trajectory:
    """Return a trajectory of noise in the shape of a real one: the last row has no learning rate."""
    rng = np.random.default_rng(seed)
    rate = rng.random(rows)
    rate[-1] = np.nan
    validation = np.full(rows, np.nan)
    validation[-1] = rng.random()
    return Trajectory(
        step=np.arange(rows),
        loss=rng.random(rows),
        validation_loss=validation,
        learning_rate=rate,
        gradient_norm=rng.random(rows).astype(np.float32),
        gradient_norm_l1=rng.random(rows).astype(np.float32),
        parameters=None if parameters is None else rng.random((rows, parameters)),
    )
