"""The result of a heat as one binary value, and back: a NumPy .npz archive."""

from __future__ import annotations

import io

import numpy as np

from app.tuning.heats import HeatResult


def encode(result: HeatResult) -> bytes:
    """The values, and each curve as it was encoded, under the numbers of its entry and part."""
    curves = {
        f"curve {entry} {part}": np.frombuffer(curve, dtype=np.uint8)
        for entry, parts in enumerate(result.curves)
        for part, curve in enumerate(parts)
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, values=result.values, **curves)
    return buffer.getvalue()


def decode(data: bytes) -> HeatResult:
    """The result that `encode` was given."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        curves: dict[int, list[bytes]] = {}
        for name in stored.files:
            if name != "values":
                curves.setdefault(int(name.split()[1]), []).append(stored[name].tobytes())
        ordered = tuple(tuple(curves[entry]) for entry in sorted(curves))
        return HeatResult(values=stored["values"], curves=ordered)
