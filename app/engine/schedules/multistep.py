"""The multistep schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt, Le, Len

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import Drop
from app.engine.schedules.lengths import length, power
from app.engine.schedules.lists import padded
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Multistep(Schedule):
    """Piecewise constant: drops by `factor` at each of the milestones.

    Rule: factor(k) = factor^n, n = how many milestones are at or before k

    Source: He et al. 2016, arXiv:1512.03385, whose run of 64,000 updates has the default milestones;
    PyTorch's MultiStepLR and optax' piecewise_constant_schedule.

    Deviation: a milestone is a fraction of the horizon, rounded half up to at least one update; the drop is
    at k = m as in PyTorch and optax; Keras drops one update later, timm one update earlier.
    """

    kind: ClassVar[str] = "multistep"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.MultiStepLR("
            "optimizer, sorted(int(length(m)) for m in milestones), factor)"
        ),
        Reference(
            call="optax.piecewise_constant_schedule(peak, {int(length(m)): factor for m in milestones})",
            needs="len({int(length(m)) for m in milestones}) == len(milestones)",
            distribution="optax",
            version="0.2.8",
        ),
    )

    factor: Drop = 0.1
    milestones: Annotated[
        tuple[Annotated[float, Gt(0), Le(1)], ...],
        Len(1, 100),
        Hyper("where the drops are, as parts of the horizon"),
    ] = (0.5, 0.75)

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a staircase whose steps may differ in length."""
        milestones = self._milestones
        drops = np.zeros(np.broadcast_shapes(np.shape(k), np.shape(horizon)))
        for i in range(milestones.shape[-1]):
            drops += k >= length(milestones[..., i : i + 1], horizon)
        return power(self.factor, drops)

    @cached_property
    def _milestones(self) -> Array:
        # The missing milestones of shorter rows are infinite, so they are never reached.
        return padded(self.milestones, np.inf)
