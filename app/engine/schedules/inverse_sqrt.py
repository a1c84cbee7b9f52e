"""The inverse-square-root schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.lengths import length
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class InverseSqrt(Schedule):
    """Falls with one over the square root of the number of updates, and never ends.

    Rule: factor(k) = 1 / sqrt(1 + k / s), s = `timescale` of the horizon in updates

    Source: Vaswani et al. 2017, arXiv:1706.03762, Eq. 3, and Zhai et al. 2022, arXiv:2106.04560;
    transformers' `get_inverse_sqrt_schedule`.

    Deviation: transformers uses the warmup as the timescale if none is given; here this is the timescale
    W / (T - W), since lengths are fractions of the T - W updates after the warmup. d2l.ai's
    (k + 1)^-1/2 is a timescale of one update.
    """

    kind: ClassVar[str] = "inverse_sqrt"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="transformers.get_inverse_sqrt_schedule(optimizer, 0, timescale=length(timescale))",
            distribution="transformers",
            version="5.23.0",
        ),
    )

    timescale: Annotated[
        float,
        Hyper(
            "part of the horizon after which the rate has fallen to 1 / sqrt(2)",
            gt=0,
            le=1,
            search=(0.005, 0.5),
            log=True,
        ),
    ] = 0.05

    def body(self, k: Array, horizon: Any) -> Array:
        """Return one over a square root."""
        return np.asarray(1.0 / np.sqrt(1.0 + k / length(self.timescale, horizon)))
