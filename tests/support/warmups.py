"""Warmups of every shape, and their factors."""

from __future__ import annotations

from typing import Any

WARMUPS: tuple[dict[str, Any], ...] = (
    {"warmup_fraction": 0.05},
    {"warmup_fraction": 0.5, "warmup_start_factor": 0.25},
    {"warmup_fraction": 0.3, "warmup_start_factor": 0.25, "warmup_shape": "constant"},
    {"warmup_fraction": 0.3, "warmup_start_factor": 0.25, "warmup_shape": "exponential"},
    {"warmup_fraction": 0.3, "warmup_shape": "exponential"},
    {"warmup_fraction": 1.0},
)


def ramp(progress: float, warmup: dict[str, Any]) -> float:
    """Return the factor of a warmup after that fraction of its updates."""
    low, shape = warmup.get("warmup_start_factor", 0.0), warmup.get("warmup_shape", "linear")
    if shape == "constant":
        return float(low)
    return float(low + (1 - low) * progress if shape == "linear" else max(low, 0.001) ** (1 - progress))
