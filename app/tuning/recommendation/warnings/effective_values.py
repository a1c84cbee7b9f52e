"""The test whether a sampled value has any effect on the run of a configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import FloatDistribution, IntDistribution

from app.domain.records import Configuration
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import Schedule
from app.engine.schedules.lengths import updates
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import cycling

MAX_COMPARED_UPDATES = 1_000  # updates over which two schedules are compared


def has_effect(
    configuration: Configuration, name: str, searched: FloatDistribution | IntDistribution, steps: int
) -> bool:
    """Return whether the two ends of a parameter's range make different runs of this configuration.

    The start factor of a schedule without a warmup has no effect. A momentum that the schedule replaces by
    its own has no effect either.
    """
    label, _, field = name.rpartition(".")
    kind = label.partition("#")[0]
    schedule = configuration.schedule_instance()
    if kind == configuration.optimizer["kind"]:
        return cycling(schedule) is None or OPTIMIZERS[kind].momentum_field != field
    if kind != configuration.schedule["kind"]:
        return True  # a value of the objective
    horizon = min(steps, MAX_COMPARED_UPDATES)
    ends: Iterable[Any] = (searched.low, searched.high)  # Any: of the type of the field
    low, high = (_effects(dataclasses.replace(schedule, **{field: end}), horizon) for end in ends)
    return not all(np.array_equal(at_low, at_high) for at_low, at_high in zip(low, high, strict=True))


def _effects(schedule: Schedule, horizon: int) -> Iterator[NDArray[np.generic]]:
    """Yield the arrays through which a schedule acts on a run of `horizon` updates.

    These are the learning rates and a cycled momentum. A loss-driven schedule has no table of rates: it
    yields its warmup and its fields.
    """
    if isinstance(schedule, LossDriven):
        steps = np.arange(horizon, dtype=np.float64)
        warmup = updates(schedule.warmup_fraction, horizon)
        yield schedule.after_warmup(steps, warmup, np.ones(horizon))
        fields = dataclasses.asdict(schedule).items()
        yield np.array([str(value) for name, value in fields if not name.startswith("warmup_")])
        return
    yield schedule.table(horizon)
    if (cycled := cycling(schedule)) is not None:
        yield cycled.momentum_table(horizon)
