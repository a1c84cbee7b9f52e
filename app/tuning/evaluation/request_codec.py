"""The result of a request as one binary value, and back: a NumPy .npz archive."""

from __future__ import annotations

import io

import numpy as np

from app.tuning.evaluation.requests import EvaluationResult

_METRIC = "metric "


def encode(result: EvaluationResult) -> bytes:
    """The values, metrics by name, and each curve as it was encoded, by the numbers of its entry and part."""
    curves = {
        f"curve {entry} {part}": np.frombuffer(curve, dtype=np.uint8)
        for entry, parts in enumerate(result.curves)
        for part, curve in enumerate(parts)
    }
    buffer = io.BytesIO()
    metrics = {f"{_METRIC}{name}": means for name, means in result.metrics.items()}
    np.savez(buffer, allow_pickle=False, values=result.values, **metrics, **curves)
    return buffer.getvalue()


def decode(data: bytes) -> EvaluationResult:
    """The result that `encode` was given."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        curves: dict[int, list[bytes]] = {}
        for name in stored.files:
            if name.startswith("curve "):
                curves.setdefault(int(name.split()[1]), []).append(stored[name].tobytes())
        ordered = tuple(tuple(curves[entry]) for entry in sorted(curves))
        metrics = {
            name.removeprefix(_METRIC): stored[name] for name in stored.files if name.startswith(_METRIC)
        }
        return EvaluationResult(values=stored["values"], metrics=metrics, curves=ordered)
