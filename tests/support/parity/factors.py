"""The configurations of schedules that are compared with their references, and the engine's side of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.loss_feedback import realised_factors
from app.engine.hyper import HyperField, hyper_fields
from app.engine.schedules import SCHEDULES, Schedule
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import cycling
from app.engine.schedules.reference import Reference
from tests.support.kinds import make_schedule

HORIZONS = (1, 2, 3, 10, 97, 1000)
PEAK = 0.3
# Factors are of order 1; PyTorch's recursive schedulers lose some units in the last place at each update.
RTOL, ATOL = 1e-10, 1e-12
WARMUP_FIELDS = {field.name for field in dataclasses.fields(Schedule)}

Fields = Mapping[str, Any]  # of a schedule, by name


def own_fields(kind: str) -> list[HyperField]:
    """Return the fields of a kind's body."""
    return [field for field in hyper_fields(SCHEDULES[kind]) if field.name not in WARMUP_FIELDS]


def cases(kind: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Return the defaults, each choice and range end beside defaults, and `count` random cases."""
    fields = own_fields(kind)
    random = np.random.default_rng([seed, *kind.encode()])
    defaults = {field.name: field.default for field in fields}
    cases = [defaults]
    for field in fields:
        values = field.hyper.choices or field.hyper.search or ()
        cases += [defaults | {field.name: value} for value in values if value != field.default]
    cases += [{field.name: draw(field, random) for field in fields} for _ in range(count)]
    return cases


def draw(field: HyperField, random: np.random.Generator) -> Any:
    """Draw a value of a field: of its search range, its choices, or any list of numbers from 0 to 1."""
    if field.type is tuple:
        return tuple(random.uniform(0.01, 1.0, size=int(random.integers(1, 8))).tolist())
    if field.hyper.choices:
        return field.hyper.choices[int(random.integers(len(field.hyper.choices)))]
    assert field.hyper.search is not None, f"{field.name} has no search range to draw from"
    low, high = field.hyper.search
    if field.type is int:
        return int(random.integers(int(low), int(high) + 1))
    if field.hyper.log:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))
    return float(random.uniform(low, high))


def losses(horizon: int) -> NDArray[np.float64]:
    """Return noisy losses that fall, stall, rise and fall again, for loss-driven rules."""
    noise = np.random.default_rng(horizon).normal(scale=0.02, size=horizon)
    progress = np.arange(horizon) / horizon
    return np.asarray(np.exp(-3 * progress) + 0.1 * np.sin(12 * progress) + 1.0 + noise)


def engine_factors(kind: str, fields: Fields, horizon: int) -> NDArray[Any]:
    """Every factor of a run, (horizon,)."""
    schedule = SCHEDULES[kind](**fields)
    return (
        realised_factors(schedule, losses(horizon))
        if isinstance(schedule, LossDriven)
        else schedule.table(horizon)
    )


def engine_momenta(kind: str, fields: Fields, horizon: int) -> NDArray[Any] | None:
    """Return every momentum of a run, (horizon,), or None if the schedule cycles none."""
    schedule = cycling(make_schedule(kind, **fields))
    return None if schedule is None else schedule.momentum_table(horizon)


def names(fields: Fields, horizon: int) -> dict[str, Any]:
    """Return the names that the expressions of a reference may use besides its package."""

    def updates(fraction: float, of: int = horizon) -> int:
        return math.floor(fraction * of + 0.5)

    def length(fraction: float, of: int = horizon) -> int:
        return max(updates(fraction, of), 1)

    return {**fields, "peak": PEAK, "horizon": horizon, "updates": updates, "length": length}


def applies(reference: Reference, fields: Fields, horizon: int) -> bool:
    """Return whether the package can do the same."""
    return not reference.needs or bool(eval(reference.needs, names(fields, horizon)))


def kept(factors: NDArray[Any]) -> NDArray[Any]:
    """Return the factors that are recorded: all, or of a thousand every seventh and the last."""
    if len(factors) < 100:
        return factors
    return np.append(factors[::7], factors[-1])
