"""The REX schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import FinalFactor
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Rex(Schedule):
    """Reflected exponential: stays high for longer than a line, then falls faster; for short budgets.

    Rule: factor(k) = f + (1 - f) (1 - q) / (1 - q / 2), q = k / T, f = final_factor

    Source: Chen et al. 2021, arXiv:2107.04197, Eq. 5; pytorch_optimizer's REXScheduler.

    Deviation: pytorch_optimizer runs its first update at the final rate, and agrees from the second on.
    """

    kind: ClassVar[str] = "rex"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="pytorch_optimizer.REXScheduler(optimizer, horizon, peak, final_factor * peak)",
            distribution="pytorch_optimizer",
            version="4.1.0",
            differs=1,
        ),
    )

    final_factor: FinalFactor = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a quotient of two lines."""
        progress, final = k / horizon, self.final_factor
        return np.asarray(final + (1.0 - final) * ((1.0 - progress) / (1.0 - progress / 2.0)))
