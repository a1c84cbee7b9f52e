"""The binary form of a trajectory: a NumPy .npy record array.

Any NumPy reads it: `np.load(io.BytesIO(data), allow_pickle=False)` gives columns by name.
"""

from __future__ import annotations

import io
from functools import cache, lru_cache

import numpy as np

from app.engine.trajectories.result import Trajectory

STEP = np.dtype("<i4")  # runs have at most 10,000,000 steps
RATE = np.dtype("<f8")
NORM = np.dtype("<f4")
# Parameters come last and are optional; losses keep the precision of the run.


def encode(trajectory: Trajectory) -> bytes:
    """Return the trajectory as bytes: at most 8 bytes per value and a header of 192 to 256 bytes."""
    parameters = 0 if trajectory.parameters is None else trajectory.parameters.shape[1]
    layout = _layout(trajectory.loss.dtype.char, parameters)
    rows = np.empty(trajectory.step.shape, dtype=layout)
    with np.errstate(over="ignore", invalid="ignore"):  # a norm beyond float32 becomes infinite
        for name in layout.names or ():
            rows[name] = getattr(trajectory, name)
    return b"".join((_header(layout, len(rows)), rows.data))


def decode(data: bytes) -> Trajectory:
    """Return the trajectory that `encode` was given, with norms in single precision."""
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


def encoded_bytes(precision: type, parameters: int, rows: int) -> int:
    """Return the length of an encoded trajectory.

    precision: the type of the run's numbers. parameters: the number of recorded parameters.
    """
    layout = _layout(np.dtype(precision).char, parameters)
    return len(_header(layout, rows)) + rows * layout.itemsize


@cache
def _layout(precision: str, parameters: int) -> np.dtype[np.void]:
    """Return the dtype of a row of a trajectory.

    precision: the character of the run's dtype. parameters: the number of recorded parameters.
    """
    number = np.dtype(precision).newbyteorder("<")
    columns: list[tuple[str, np.dtype[np.generic]] | tuple[str, np.dtype[np.generic], tuple[int]]] = [
        ("step", STEP),
        ("loss", number),
        ("validation_loss", number),
        ("learning_rate", RATE),
        ("gradient_norm", NORM),
        ("gradient_norm_l1", NORM),
    ]
    if parameters:
        columns.append(("parameters", number, (parameters,)))
    return np.dtype(columns)


@lru_cache(maxsize=4096)
def _header(layout: np.dtype[np.void], rows: int) -> bytes:
    """Return NumPy's header of an array; making it takes longer than copying a thousand rows."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": layout.descr, "fortran_order": False, "shape": (rows,)}
    )
    return buffer.getvalue()
