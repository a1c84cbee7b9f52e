"""Encoding of the result of a request as one binary value, a NumPy .npz archive, and decoding."""

from __future__ import annotations

import io

import numpy as np

from app.tuning.evaluation.requests import EvaluationResult

# Prefixes of the stored names; stored results depend on them.
_METRIC = "metric "
_TRAJECTORY = "curve "


def encode(result: EvaluationResult) -> bytes:
    """Encode the values, the metrics by name, and each encoded trajectory by its configuration and part."""
    trajectories = {
        f"{_TRAJECTORY}{configuration} {part}": np.frombuffer(trajectory, dtype=np.uint8)
        for configuration, parts in enumerate(result.trajectories)
        for part, trajectory in enumerate(parts)
    }
    buffer = io.BytesIO()
    metrics = {f"{_METRIC}{name}": means for name, means in result.metrics.items()}
    np.savez(buffer, allow_pickle=False, values=result.values, **metrics, **trajectories)
    return buffer.getvalue()


def decode(data: bytes) -> EvaluationResult:
    """Decode a result that `encode` encoded."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        trajectories: dict[int, list[bytes]] = {}
        for name in stored.files:
            if name.startswith(_TRAJECTORY):
                trajectories.setdefault(int(name.split()[1]), []).append(stored[name].tobytes())
        ordered = tuple(tuple(trajectories[configuration]) for configuration in sorted(trajectories))
        metrics = {
            name.removeprefix(_METRIC): stored[name] for name in stored.files if name.startswith(_METRIC)
        }
        return EvaluationResult(values=stored["values"], metrics=metrics, trajectories=ordered)
