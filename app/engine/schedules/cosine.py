"""The cosine schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine from the peak to `final_factor` of it.

    Rule: factor(k) = f + (1 - f) (1 + cos(pi k / T)) / 2, f = final_factor

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, Eq. 5, without restarts; PyTorch's
    CosineAnnealingLR with eta_min = f * learning_rate.

    Deviation: reaches f at k = T, one update after the last; optax counts the warmup into its
    decay_steps, here and in Keras the body has the T - W updates after it.
    """

    kind: ClassVar[str] = "cosine"

    final_factor: Annotated[
        float, Hyper("factor that the cosine approaches at the end", ge=0, le=1, search=(0.0, 0.2))
    ] = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Half a cosine over the horizon."""
        final = self.final_factor
        return np.asarray(final + (1.0 - final) * 0.5 * (1.0 + np.cos(np.pi * k / horizon)))
