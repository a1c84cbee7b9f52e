"""The inverse-time schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class InverseTime(Schedule):
    """Falls with one over the number of updates: fast at first, then ever more slowly.

    Rule: factor(k) = 1 / (1 + rate k / T)

    Source: Robbins & Monro 1951, doi:10.1214/aoms/1177729586; Keras' InverseTimeDecay with decay_steps T.

    Deviation: `rate` counts in horizons and not in updates, so that a run of any length ends at
    1 / (1 + rate) of the peak, by default at a tenth.
    """

    kind: ClassVar[str] = "inverse_time"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="keras.optimizers.schedules.InverseTimeDecay(peak, horizon, rate)",
            distribution="keras",
            version="3.15.1",
        ),
    )

    rate: Annotated[
        float, Hyper("speed of the fall, per horizon", ge=0, le=1e6, search=(1.0, 100.0), log=True)
    ] = 9.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a hyperbola over the horizon."""
        return np.asarray(1.0 / (1.0 + self.rate * k / horizon))
