"""The cosine schedule with warm restarts (SGDR)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import FinalFactor
from app.engine.schedules.lengths import half_cosine, length, power
from app.engine.schedules.reference import Reference

# Relative tolerance of the start of a cycle: an update so little before the start is the first of the cycle.
CYCLE_START_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class CosineRestarts(Schedule):
    """Half a cosine that starts again from the peak, in cycles that may grow (SGDR).

    Rule: factor(k) = f + (1 - f) (1 + cos(pi u / c)) / 2, f = final_factor, where update k is number u of
    its cycle, whose length is c = c0 multiplier^i, i = 0, 1, ..., c0 = `first_cycle` of the horizon

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983; PyTorch's CosineAnnealingWarmRestarts (whole
    multipliers) and Keras' CosineDecayRestarts with m_mul 1.

    Deviation: the last cycle is cut where the horizon ends. Only the first cycle is rounded to whole
    updates, as in Keras; transformers' num_cycles splits the horizon into equal cycles instead.
    """

    kind: ClassVar[str] = "cosine_restarts"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.CosineAnnealingWarmRestarts("
            "optimizer, length(first_cycle), int(multiplier), final_factor * peak)",
            needs="multiplier == int(multiplier)",
        ),
        Reference(
            call="keras.optimizers.schedules.CosineDecayRestarts("
            "peak, length(first_cycle), multiplier, alpha=final_factor)",
            distribution="keras",
            version="3.15.1",
        ),
    )

    first_cycle: Annotated[
        float, Hyper("part of the horizon that the first cycle takes", gt=0, le=1, search=(0.05, 0.5))
    ] = 0.25
    multiplier: Annotated[
        float, Hyper("how much longer each cycle is than the one before", ge=1, le=10, search=(1.0, 3.0))
    ] = 1.0
    final_factor: FinalFactor = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return half a cosine over each cycle."""
        first, ratio = length(self.first_cycle, horizon), np.asarray(self.multiplier)
        progress = k / first  # counted in first cycles
        grows = ratio > 1.0
        excess = np.where(grows, ratio - 1.0, 1.0)
        cycle = np.floor(np.where(grows, np.log1p(progress * excess) / np.log1p(excess), progress))
        # At the start of a cycle, the last bits of the logarithm may be off, and also those of `_start`.
        reached = progress * (1.0 + CYCLE_START_TOLERANCE)
        cycle += reached >= _start(cycle + 1.0, ratio, excess)
        cycle -= reached < _start(cycle, ratio, excess)
        inside = (progress - _start(cycle, ratio, excess)) / power(ratio, cycle)
        final = self.final_factor
        return np.asarray(final + (1.0 - final) * half_cosine(np.clip(inside, 0.0, 1.0)))


def _start(cycle: Any, ratio: Any, excess: Any) -> Array:
    """Return the start of a cycle, counted in first cycles."""
    return np.asarray(np.where(ratio > 1.0, (power(ratio, cycle) - 1.0) / excess, cycle))
