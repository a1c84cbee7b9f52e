"""Schedules against their closed forms, with and without warmup, at short and long horizons."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.engine.rates import Rates
from app.engine.schedules import SCHEDULES

HORIZONS = (1, 2, 3, 10, 97, 1000)
WARMUPS = (
    {},
    {"warmup_fraction": 0.05},
    {"warmup_fraction": 0.5, "warmup_start_factor": 0.25},
    {"warmup_fraction": 1.0},
)


def constant(q: float, f: dict[str, Any]) -> float:
    return 1.0


def cosine(q: float, f: dict[str, Any]) -> float:
    final = f.get("final_factor", 0.0)
    return final + (1 - final) * (1 + math.cos(math.pi * q)) / 2


BODIES: dict[str, tuple[Callable[[float, dict[str, Any]], float], list[dict[str, Any]]]] = {
    "constant": (constant, [{}]),
    "cosine": (cosine, [{}, {"final_factor": 0.1}]),
}


def expected(kind: str, fields: dict[str, Any], warmup: dict[str, Any], horizon: int) -> list[float]:
    body, _ = BODIES[kind]
    ramp = math.floor(warmup.get("warmup_fraction", 0.0) * horizon + 0.5)
    low = warmup.get("warmup_start_factor", 0.0)
    return [
        low + (1 - low) * k / ramp if k < ramp else body((k - ramp) / (horizon - ramp), fields)
        for k in range(horizon)
    ]


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("warmup", WARMUPS)
@pytest.mark.parametrize("kind", list(BODIES))
def test_factors_are_those_of_the_closed_form(kind: str, warmup: dict[str, Any], horizon: int) -> None:
    for fields in BODIES[kind][1]:
        table = SCHEDULES[kind](**fields, **warmup).table(horizon)
        assert table.shape == (horizon,) and table.dtype == np.float64
        np.testing.assert_allclose(table, expected(kind, fields, warmup, horizon), rtol=1e-13, atol=1e-15)


def test_every_schedule_has_a_closed_form_here() -> None:
    assert set(BODIES) == set(SCHEDULES)


def test_rates_are_the_peak_times_the_factor_in_any_mix_and_any_cut() -> None:
    schedules = [
        SCHEDULES["cosine"](warmup_fraction=0.1),
        SCHEDULES["constant"](),
        SCHEDULES["cosine"](final_factor=0.5),
    ]
    peaks = [0.1, 2.0, 3.0]
    rates = Rates(schedules, peaks, 97)
    cut = np.concatenate([rates.at(np.arange(0, 40)), rates.at(np.arange(40, 97))], axis=1)
    for row, (schedule, peak) in enumerate(zip(schedules, peaks, strict=True)):
        np.testing.assert_array_equal(cut[row], schedule.table(97) * peak)
    own = np.array([[0, 96], [1, 2], [5, 50]])
    np.testing.assert_array_equal(rates.at(own), np.take_along_axis(cut, own, axis=1))
