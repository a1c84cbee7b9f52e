"""The base class of schedules: factors of the peak learning rate over a horizon, after a warmup."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.registry import Kind
from app.engine.schedules.lengths import power, updates
from app.engine.schedules.reference import Reference

# Smallest factor at which an exponential warmup starts: a geometric sequence cannot start from zero.
MIN_EXPONENTIAL_START = 1e-3

# The implementation that each shape of the warmup equals; `horizon` is the length of the warmup.
WARMUP_REFERENCES = {
    "linear": Reference(
        call="torch.optim.lr_scheduler.LinearLR(optimizer, warmup_start_factor, 1.0, total_iters=horizon)",
        needs="warmup_start_factor > 0",
    ),
    "constant": Reference(
        call="torch.optim.lr_scheduler.ConstantLR(optimizer, warmup_start_factor, total_iters=horizon)"
    ),
    "exponential": Reference(
        call="optax.exponential_decay(peak * warmup_start_factor, horizon, 1 / warmup_start_factor)",
        needs="warmup_start_factor > 0.001",
        distribution="optax",
        version="0.2.8",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Schedule(Kind, ABC):
    """Factors over a horizon of T updates: update k (from 0) runs at `learning_rate * at(k, T)`.

    The warmup has W = floor(warmup_fraction * T + 0.5) updates. With a = `warmup_start_factor`, the factor of
    k < W is a + (1 - a) k / W (linear), a (constant) or max(a, 0.001)^(1 - k / W) (exponential). After the
    warmup the body runs at k - W with horizon T - W, of which every other length is a fraction. References
    begin elsewhere: PyTorch's LinearLR at a third by default, and never at 0; schedule-free packages at 1 /
    W. transformers begins at 0, as here, but its `get_cosine_with_min_lr_schedule_with_warmup` at 1 / W.
    """

    # The implementations that the body equals; empty if `no_reference` says why there is none.
    references: ClassVar[tuple[Reference, ...]] = ()
    no_reference: ClassVar[str] = ""

    warmup_fraction: Annotated[
        float, Hyper("part of the horizon spent on the warmup", ge=0, le=1, search=(0.0, 0.2))
    ] = 0.0
    warmup_start_factor: Annotated[
        float,
        Hyper(
            "factor of update 0 if there is a warmup; an exponential warmup starts at 0.001 or above",
            ge=0,
            le=1,
            search=(0.0, 0.5),
        ),
    ] = 0.0
    warmup_shape: Annotated[
        str,
        Hyper(
            "how the warmup rises: linear, exponential (geometric) or constant (a jump after it)",
            choices=("linear", "constant", "exponential"),
        ),
    ] = "linear"

    @abstractmethod
    def body(self, k: Array, horizon: Any) -> Array:
        """Return the factors after the warmup.

        k: (n,) or (B, n) float64 in [0, horizon). horizon: at least 1, a number or a (B, 1) column. Fields
        are scalars, or (B, 1) columns if the instance is stacked.
        """

    def at(self, k: Array, horizon: int) -> Array:
        """Return the factors of the updates k of a run of `horizon` updates, warmup included.

        k: (n,) integers or floats in [0, horizon). Returns float64 (n,), or (B, n) when stacked.
        """
        steps = np.asarray(k, dtype=np.float64)
        warmup = updates(self.warmup_fraction, horizon)
        if not warmup.any():
            return self.body(steps, np.full_like(warmup, horizon))
        rest = np.maximum(horizon - warmup, 1.0)
        return self.after_warmup(steps, warmup, self.body(np.clip(steps - warmup, 0.0, rest - 1.0), rest))

    def table(self, horizon: int) -> Array:
        """Return every factor of a run of `horizon` updates: (horizon,) float64."""
        return self.at(np.arange(horizon, dtype=np.float64), horizon)

    def after_warmup(self, steps: Array, warmup: Array, factors: Array) -> Array:
        """Return the factors, with the warmup's factors in place of those of its updates."""
        start, shape = self.warmup_start_factor, np.asarray(self.warmup_shape)
        progress = np.minimum(steps / np.maximum(warmup, 1.0), 1.0)
        ramp = start + (1.0 - start) * progress
        if not np.all(shape == "linear"):
            rise = power(np.maximum(start, MIN_EXPONENTIAL_START), 1.0 - progress)
            ramp = np.where(shape == "linear", ramp, np.where(shape == "constant", start, rise))
        return np.where(steps < warmup, ramp, factors)
