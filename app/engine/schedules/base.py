"""What every schedule is: factors of the peak learning rate over a horizon, after a linear warmup."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Schedule(Kind, ABC):
    """Factors over a horizon of T updates: update k (from 0) runs at `learning_rate * factor(k, T)`.

    Warmup: W = floor(warmup_fraction * T + 0.5); for k < W the factor is a + (1 - a) k / W with
    a = `warmup_start_factor`; after it the body runs at k - W with horizon T - W.
    """

    warmup_fraction: Annotated[
        float, Hyper("part of the horizon spent on the linear warmup", ge=0, le=1, search=(0.0, 0.2))
    ] = 0.0
    warmup_start_factor: Annotated[
        float, Hyper("factor of update 0, where there is a warmup", ge=0, le=1, search=(0.0, 0.5))
    ] = 0.0

    @abstractmethod
    def body(self, k: Array, horizon: Any) -> Array:
        """Factors after the warmup.

        k: (n,) or (B, n) float64 in [0, horizon). horizon: at least 1, a number or a (B, 1) column.
        Fields are scalars, or (B, 1) columns where the instance is stacked.
        """

    def factor(self, k: Array, horizon: int) -> Array:
        """Factors of the updates k of a run of `horizon` updates, warmup included.

        k: (n,) integers or floats in [0, horizon). Returns float64 (n,), or (B, n) when stacked.
        """
        steps = np.asarray(k, dtype=np.float64)
        warmup = np.floor(np.asarray(self.warmup_fraction) * horizon + 0.5)
        if not warmup.any():
            return self.body(steps, np.full_like(warmup, horizon))
        start = self.warmup_start_factor
        rest = np.maximum(horizon - warmup, 1.0)
        body = self.body(np.clip(steps - warmup, 0.0, rest - 1.0), rest)
        ramp = start + (1.0 - start) * (steps / np.maximum(warmup, 1.0))
        return np.where(steps < warmup, ramp, body)

    def table(self, horizon: int) -> Array:
        """Every factor of a run of `horizon` updates: (horizon,) float64."""
        return self.factor(np.arange(horizon, dtype=np.float64), horizon)
