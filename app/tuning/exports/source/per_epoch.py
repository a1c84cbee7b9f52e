"""A recommendation that is exported with one entry an epoch, and its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.schedules.base import Schedule
from app.engine.schedules.momentum_cycling import MomentumCycling, cycling
from app.spec.resources.recommendations import Recommendation


class PerEpoch(Recommendation):
    """A recommendation whose exports have one entry an epoch. updates: of the whole run."""

    steps_per_epoch: int
    updates: int

    @property
    def epochs(self) -> int:
        """How many epochs the run has; the last may be cut short."""
        return -(-self.updates // self.steps_per_epoch)


@dataclass(frozen=True, kw_only=True)
class EpochTable(MomentumCycling):
    """The factors of a schedule at the first update of each epoch, and the momenta where it cycles them."""

    kind: ClassVar[str] = "epoch_table"  # of no registry: no job names it
    inner: Any  # the schedule of the updates
    every: Any  # updates of an epoch
    updates: Any  # of the whole run

    def table(self, horizon: int) -> Array:
        """Return the factor of each epoch: (horizon,)."""
        return np.asarray(self.inner.table(self.updates)[:: self.every])

    def momentum_table(self, horizon: int) -> Array:
        """Return the momentum of each epoch: (horizon,)."""
        return np.asarray(self.inner.momentum_table(self.updates)[:: self.every])

    def body(self, k: Array, horizon: Any) -> Array:
        """Return the factors at these epochs."""
        return self.table(int(horizon))[np.asarray(k, dtype=np.intp)]

    def momentum_body(self, k: Array, horizon: Any) -> Array:
        """Return the momenta at these epochs."""
        return self.momentum_table(int(horizon))[np.asarray(k, dtype=np.intp)]


def by_epoch(recommendation: Recommendation, schedule: Schedule) -> Schedule:
    """Return the schedule at the first update of each epoch, where that is what is exported; else itself."""
    if not isinstance(recommendation, PerEpoch):
        return schedule
    fields: dict[str, Any] = {}
    cycled = cycling(schedule)
    if cycled is not None:
        fields = {name: getattr(cycled, name) for name in ("cycle_momentum", "base_momentum", "max_momentum")}
    return EpochTable(
        inner=schedule, every=recommendation.steps_per_epoch, updates=recommendation.updates, **fields
    )
