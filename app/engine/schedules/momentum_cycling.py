"""The base class of schedules that can move the momentum against the learning rate."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer
from app.engine.schedules.base import Schedule
from app.engine.schedules.lengths import updates

BASE_MOMENTUM = Hyper("momentum at the peak rate, if it is cycled", ge=0, lt=1, search=(0.7, 0.9))
MAX_MOMENTUM = Hyper("momentum at the lowest rate, if it is cycled", ge=0, lt=1, search=(0.9, 0.99))


@dataclass(frozen=True, kw_only=True)
class MomentumCycling(Schedule):
    """A schedule that can cycle the momentum: lowest at the highest rate, and highest at the lowest.

    The cycled momentum replaces the optimizer's own, which is `momentum`, or `beta1` in optimizers of Adam's
    kind. An optimizer without either is refused. In a warmup the momentum is that of the first update after
    the warmup.
    """

    cycle_momentum: Annotated[
        bool,
        Hyper(
            "move the momentum, or Adam's beta1, against the rate, in place of the optimizer's own; "
            "an optimizer without momentum is refused",
            choices=(False, True),
        ),
    ] = False
    base_momentum: Annotated[float, BASE_MOMENTUM] = 0.8
    max_momentum: Annotated[float, MAX_MOMENTUM] = 0.9

    @abstractmethod
    def momentum_body(self, k: Array, horizon: Any) -> Array:
        """Return the momenta after the warmup; arguments as of `body`. Called only if momentum is cycled."""

    def momentum_at(self, k: Array, horizon: int) -> Array:
        """Return the momenta of the updates k of a run of `horizon` updates; shapes as of `at`."""
        warmup = updates(self.warmup_fraction, horizon)
        rest = np.maximum(horizon - warmup, 1.0)
        after = np.clip(np.asarray(k, dtype=np.float64) - warmup, 0.0, rest - 1.0)
        return self.momentum_body(after, rest)

    def momentum_table(self, horizon: int) -> Array:
        """Return every momentum of a run of `horizon` updates: (horizon,) float64."""
        return self.momentum_at(np.arange(horizon, dtype=np.float64), horizon)


def cycling(schedule: Schedule) -> MomentumCycling | None:
    """Return the schedule if it cycles the momentum, else None; for a single instance."""
    return schedule if isinstance(schedule, MomentumCycling) and schedule.cycle_momentum else None


def with_cycled_momentum(optimizer: Optimizer, schedule: Schedule) -> Optimizer:
    """Return the optimizer with the highest momentum of a schedule that cycles it, or the optimizer itself.

    The result keeps the state of a momentum even if the momentum of `optimizer` is zero. That value has no
    effect, as the schedule replaces it.
    """
    cycled, field = cycling(schedule), optimizer.momentum_field
    if cycled is None or field is None:
        return optimizer
    highest: Any = {field: max(cycled.base_momentum, cycled.max_momentum)}
    return dataclasses.replace(optimizer, **highest)
