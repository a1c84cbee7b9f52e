"""The cosine schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import FinalFactor
from app.engine.schedules.lengths import half_cosine
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine from the peak to `final_factor` of it.

    Rule: factor(k) = f + (1 - f) (1 + cos(pi k / T)) / 2, f = final_factor

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, Eq. 5, without restarts; PyTorch's
    CosineAnnealingLR with eta_min = f * learning_rate.

    Deviation: reaches f at k = T, one update after the last. optax counts the warmup into its decay_steps;
    here and in Keras the body has the T - W updates after the warmup.

    Deviation: PyTorch's CosineAnnealingLR rises again after T; the exports hold their last rate.
    """

    kind: ClassVar[str] = "cosine"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, horizon, eta_min=final_factor * peak)"
        ),
        Reference(
            call="optax.cosine_decay_schedule(peak, horizon, final_factor)",
            distribution="optax",
            version="0.2.8",
        ),
        Reference(
            call="keras.optimizers.schedules.CosineDecay(peak, horizon, final_factor)",
            distribution="keras",
            version="3.15.1",
        ),
    )

    final_factor: FinalFactor = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return half a cosine over the horizon."""
        final = self.final_factor
        return np.asarray(final + (1.0 - final) * half_cosine(k / horizon))
