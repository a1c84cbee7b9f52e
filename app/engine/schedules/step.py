"""The step schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import Drop
from app.engine.schedules.lengths import length, power
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """Drops by `factor` at regular intervals, by default at 30, 60 and 90 % of the horizon.

    Rule: factor(k) = factor^floor(k / s), s = `every` of the horizon in updates

    Source: He et al. 2016, arXiv:1512.03385; PyTorch's StepLR, which gives the default of a tenth.

    Deviation: the interval is a fraction of the horizon, rounded half up to at least one update, so that
    the shape stays the same at every horizon.
    """

    kind: ClassVar[str] = "step"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(call="torch.optim.lr_scheduler.StepLR(optimizer, length(every), factor)"),
        Reference(
            call="optax.exponential_decay(peak, length(every), factor, staircase=True)",
            needs="factor < 1",
            distribution="optax",
            version="0.2.8",
        ),
    )

    factor: Drop = 0.1
    every: Annotated[
        float, Hyper("part of the horizon from one drop to the next", gt=0, le=1, search=(0.05, 0.5))
    ] = 0.3

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a staircase."""
        return power(self.factor, np.floor(k / length(self.every, horizon)))
