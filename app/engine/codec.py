"""A trajectory as one compact binary value, and back: a NumPy .npy record array.

Any NumPy reads it: `np.load(io.BytesIO(data), allow_pickle=False)` gives columns by name.
"""

from __future__ import annotations

import io

import numpy as np

from app.engine.result import Trajectory

STEP = np.dtype("<i4")  # runs have at most 10,000,000 steps
RATE = np.dtype("<f8")
NORM = np.dtype("<f4")
# Parameters come last and are optional; losses keep the precision of the run.


def encode(trajectory: Trajectory) -> bytes:
    """At most 8 bytes a value and a header of 192 to 256 bytes."""
    precision = trajectory.loss.dtype.newbyteorder("<")
    columns: list[tuple[str, np.dtype[np.generic]] | tuple[str, np.dtype[np.generic], tuple[int]]] = [
        ("step", STEP),
        ("loss", precision),
        ("validation_loss", precision),
        ("learning_rate", RATE),
        ("gradient_norm", NORM),
        ("gradient_norm_l1", NORM),
    ]
    if trajectory.parameters is not None:
        columns.append(("parameters", precision, (trajectory.parameters.shape[1],)))
    rows = np.empty(trajectory.step.shape, dtype=columns)
    with np.errstate(over="ignore", invalid="ignore"):  # a norm beyond float32 becomes infinite
        for name in rows.dtype.names or ():
            rows[name] = getattr(trajectory, name)
    buffer = io.BytesIO()
    np.save(buffer, rows, allow_pickle=False)
    return buffer.getvalue()


def decode(data: bytes) -> Trajectory:
    """The trajectory that `encode` was given; norms in single precision."""
    rows = np.load(io.BytesIO(data), allow_pickle=False)
    return Trajectory(
        step=rows["step"].astype(np.int64),
        loss=rows["loss"].copy(),
        validation_loss=rows["validation_loss"].copy(),
        learning_rate=rows["learning_rate"].copy(),
        gradient_norm=rows["gradient_norm"].copy(),
        gradient_norm_l1=rows["gradient_norm_l1"].copy(),
        parameters=rows["parameters"].copy() if "parameters" in rows.dtype.names else None,
    )
