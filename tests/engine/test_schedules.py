"""Schedules: the warmup before any body, rounded lengths, lists, and rates in any mix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from app.engine.batching.learning_rates import Rates
from app.engine.batching.stacking import stack
from app.engine.schedules import SCHEDULES, Schedule
from app.engine.schedules.loss_driven import DependsOnLosses, LossDriven
from tests.support.kinds import make_schedule
from tests.support.parity.factors import HORIZONS, cases
from tests.support.warmups import WARMUPS, ramp

OPEN = [kind for kind, cls in SCHEDULES.items() if not issubclass(cls, LossDriven)]


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("warmup", WARMUPS, ids=str)
@pytest.mark.parametrize("kind", OPEN)
def test_after_the_warmup_the_body_runs_over_the_rest_of_the_horizon(
    kind: str, warmup: dict[str, Any], horizon: int
) -> None:
    updates = math.floor(warmup["warmup_fraction"] * horizon + 0.5)
    factors = make_schedule(kind, **warmup).table(horizon)
    assert factors.shape == (horizon,)
    assert factors.dtype == np.float64
    rising = [ramp(k / updates, warmup) for k in range(updates)]
    np.testing.assert_allclose(factors[:updates], rising, rtol=1e-13, atol=1e-15)
    body = make_schedule(kind).table(horizon - updates) if updates < horizon else np.empty(0)
    np.testing.assert_array_equal(factors[updates:], body)


@pytest.mark.parametrize("kind", OPEN)
def test_factors_are_at_most_one_and_none_is_negative(kind: str) -> None:
    for fields in cases(kind, 20, seed=2):
        for horizon in HORIZONS:
            table = make_schedule(kind, **fields).table(horizon)
            assert (table >= 0.0).all()
            assert (table <= 1.0).all()


@pytest.mark.parametrize("kind", ["one_cycle", "cyclical", "cosine_restarts"])
def test_an_update_runs_at_the_peak_exactly(kind: str) -> None:
    for fields in cases(kind, 20, seed=3):
        assert make_schedule(kind, **fields).table(97).max() == 1.0 or fields.get("gamma", 1.0) < 1.0


@pytest.mark.parametrize("kind", OPEN)
def test_a_stacked_row_has_the_bits_of_the_instance_alone(kind: str) -> None:
    schedules = [make_schedule(kind, **fields) for fields in cases(kind, 10, seed=4)]
    stacked = stack(schedules)
    for steps in (np.arange(97.0), np.array([41.0])):  # NumPy has other loops for one element than for many
        together = stacked.at(steps, 97)
        for row, schedule in enumerate(schedules):
            np.testing.assert_array_equal(together[row], schedule.table(97)[steps.astype(int)])


@pytest.mark.parametrize(
    ("schedule", "horizon", "changes"),
    [
        (make_schedule("step", every=0.25), 10, [3, 6, 9]),  # 2.5 updates are 3
        (make_schedule("step", every=0.24), 10, [2, 4, 6, 8]),
        (make_schedule("step", every=0.01), 4, [1, 2, 3]),
        (make_schedule("multistep", milestones=(0.9, 0.01, 0.45)), 10, [1, 5, 9]),
        (make_schedule("multistep", milestones=(1.0,)), 10, []),
    ],
    ids=str,
)
def test_a_length_is_rounded_half_up_and_at_least_one_update(
    schedule: Schedule, horizon: int, changes: list[int]
) -> None:
    assert (np.flatnonzero(np.diff(schedule.table(horizon))) + 1).tolist() == changes


def test_a_table_as_long_as_the_horizon_is_taken_bit_for_bit() -> None:
    factors = tuple(np.random.default_rng(0).random(97).tolist())
    assert make_schedule("table", factors=factors).table(97).tolist() == list(factors)
    stretched = make_schedule("table", factors=factors).table(193)
    assert stretched[::2].tolist() == list(factors)


def test_lists_of_several_lengths_share_a_stack() -> None:
    schedules = [
        make_schedule("table", factors=factors) for factors in ((1.0,), (1.0, 0.0), (0.5, 0.25, 1.0))
    ]
    together = stack(schedules).at(np.arange(5.0), 5)
    assert together.tolist() == [[1.0] * 5, [1.0, 0.75, 0.5, 0.25, 0.0], [0.5, 0.375, 0.25, 0.625, 1.0]]


def test_rates_are_the_peak_times_the_factor_in_any_mix_and_any_cut() -> None:
    schedules = [make_schedule(kind, warmup_fraction=fraction) for fraction in (0.0, 0.1) for kind in OPEN]
    peaks = np.random.default_rng(1).uniform(0.01, 10.0, size=len(schedules)).tolist()
    rates = Rates(schedules, peaks, 97)
    cut = np.concatenate([rates.at(np.arange(0, 40)), rates.at(np.arange(40, 97))], axis=1)
    for row, (schedule, peak) in enumerate(zip(schedules, peaks, strict=True)):
        np.testing.assert_array_equal(cut[row], schedule.table(97) * peak)
    steps = np.random.default_rng(2).integers(97, size=(len(schedules), 2))
    np.testing.assert_array_equal(rates.at(steps), np.take_along_axis(cut, steps, axis=1))


@pytest.mark.parametrize("kind", [kind for kind in SCHEDULES if kind not in OPEN])
def test_a_schedule_that_follows_the_losses_has_no_table(kind: str) -> None:
    with pytest.raises(DependsOnLosses, match=f"{kind} follows the losses of a run"):
        make_schedule(kind).table(10)
