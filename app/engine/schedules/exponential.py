"""The exponential schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.lengths import power
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """The same ratio from each update to the next, chosen so that the horizon ends at `final_factor`.

    Rule: factor(k) = f^(k / T), f = final_factor

    Source: PyTorch's ExponentialLR with gamma = f^(1 / T); Keras' and optax' exponential decay with
    decay_rate f over T steps.

    Deviation: references take the ratio itself, which gives another shape at every horizon; here the end is
    given and reached at k = T, one update after the last. d2l.ai's FactorScheduler begins one drop lower,
    and has a lower bound.
    """

    kind: ClassVar[str] = "exponential"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=final_factor ** (1 / horizon))"
        ),
        Reference(
            call="optax.exponential_decay(peak, horizon, final_factor)", distribution="optax", version="0.2.8"
        ),
        Reference(
            call="keras.optimizers.schedules.ExponentialDecay(peak, horizon, final_factor)",
            distribution="keras",
            version="3.15.1",
        ),
    )

    final_factor: Annotated[
        float, Hyper("factor reached at the end", gt=0, le=1, search=(1e-3, 1.0), log=True)
    ] = 0.01

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a geometric sequence over the horizon."""
        return power(self.final_factor, k / horizon)
