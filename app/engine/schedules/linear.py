"""The linear schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import FinalFactor
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Linear(Schedule):
    """A straight line from the peak to `final_factor` of the peak, by default to zero.

    Rule: factor(k) = f + (1 - f) (1 - k / T), f = final_factor

    Source: Defazio et al. 2023, arXiv:2310.07831, who show that a line is optimal in the worst case for the
    last iterate; transformers' `get_linear_schedule_with_warmup` and PyTorch's LinearLR from 1 to f.

    Deviation: reaches f at k = T, one update after the last: with f = 0 the last update still runs at 1 / T
    of the peak.
    """

    kind: ClassVar[str] = "linear"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, final_factor, total_iters=horizon)"
        ),
        Reference(
            call="transformers.get_linear_schedule_with_warmup(optimizer, 0, horizon)",
            needs="final_factor == 0",
            distribution="transformers",
            version="5.23.0",
        ),
        Reference(
            call="optax.linear_schedule(peak, final_factor * peak, horizon)",
            distribution="optax",
            version="0.2.8",
        ),
    )

    final_factor: FinalFactor = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a line over the horizon."""
        final = self.final_factor
        return np.asarray(final + (1.0 - final) * (1.0 - k / horizon))
