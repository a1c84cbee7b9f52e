"""The constant schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.schedules.base import Schedule
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The peak learning rate throughout, after an optional warmup.

    Rule: factor(k) = 1

    Source: Robbins & Monro 1951, doi:10.1214/aoms/1177729586; PyTorch's LambdaLR with a constant.

    Deviation: PyTorch's `ConstantLR` is another schedule: a third of the rate for five steps.
    """

    kind: ClassVar[str] = "constant"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(call="torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1.0)"),
        Reference(call="optax.constant_schedule(peak)", distribution="optax", version="0.2.8"),
    )

    def body(self, k: Array, horizon: Any) -> Array:
        """Return one for every update."""
        return np.ones(np.broadcast_shapes(np.shape(k), np.shape(horizon)))
