"""A recommendation that is exported with one entry per epoch, and its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.schedules.base import Schedule
from app.engine.schedules.momentum_cycling import MomentumCycling, cycling
from app.spec.resources.recommendations import Recommendation


class PerEpoch(Recommendation):
    """A recommendation whose exports have one entry per epoch.

    steps_per_epoch: the updates of an epoch. updates: the updates of the whole run.
    """

    steps_per_epoch: int
    updates: int

    @property
    def epochs(self) -> int:
        """The number of epochs of the run; the last epoch may be incomplete."""
        return -(-self.updates // self.steps_per_epoch)


@dataclass(frozen=True, kw_only=True)
class EpochTable(MomentumCycling):
    """The factors of a schedule at the first update of each epoch, and the momenta if it cycles them."""

    kind: ClassVar[str] = "epoch_table"  # in no registry, as no job can name it
    inner: Any  # the schedule by updates
    every: Any  # updates per epoch
    updates: Any  # number of updates of the whole run

    def table(self, horizon: int) -> Array:
        """Return the factor of each epoch: (horizon,)."""
        return np.asarray(self.inner.table(self.updates)[:: self.every])

    def momentum_table(self, horizon: int) -> Array:
        """Return the momentum of each epoch: (horizon,)."""
        return np.asarray(self.inner.momentum_table(self.updates)[:: self.every])

    def body(self, k: Array, horizon: Any) -> Array:
        """Return the factors at the epochs `k`."""
        return self.table(int(horizon))[np.asarray(k, dtype=np.intp)]

    def momentum_body(self, k: Array, horizon: Any) -> Array:
        """Return the momenta at the epochs `k`."""
        return self.momentum_table(int(horizon))[np.asarray(k, dtype=np.intp)]


def by_epoch(recommendation: Recommendation, schedule: Schedule) -> Schedule:
    """Return the schedule by epochs if the recommendation is exported per epoch; else the schedule."""
    if not isinstance(recommendation, PerEpoch):
        return schedule
    fields: dict[str, Any] = {}
    cycled = cycling(schedule)
    if cycled is not None:
        fields = {name: getattr(cycled, name) for name in ("cycle_momentum", "base_momentum", "max_momentum")}
    return EpochTable(
        inner=schedule, every=recommendation.steps_per_epoch, updates=recommendation.updates, **fields
    )
