"""Schedules that cycle the momentum: their values, their optimizers, and the momentum that they replace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.batching.run_batch import run_batch
from app.engine.batching.stacking import stack
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.engine.schedules.momentum_cycling import MomentumCycling, cycling
from tests.support.batches import assert_same_row, function, run
from tests.support.kinds import make_schedule
from tests.support.parity.factors import HORIZONS, cases

CYCLING = [kind for kind, cls in SCHEDULES.items() if issubclass(cls, MomentumCycling)]
ABLE = [kind for kind, cls in OPTIMIZERS.items() if cls.momentum_field]


def cycle(kind: str = "one_cycle", **fields: Any) -> Any:
    return make_schedule(kind, **fields | {"cycle_momentum": True})


def test_one_cycle_lowers_the_momentum_to_the_peak_and_raises_it_again() -> None:
    two = cycle(peak_fraction=0.5, shape="linear").momentum_table(11)
    np.testing.assert_allclose(two[[0, 3, 5, 8, 10]], [0.95, 0.89, 0.85, 0.91, 0.95], rtol=1e-12)
    three = cycle(peak_fraction=0.4, phases=3, shape="linear").momentum_table(10)
    np.testing.assert_allclose(
        three, [0.95, 0.95 - 0.1 / 3, 0.95 - 0.2 / 3, 0.85, *three[2::-1], *[0.95] * 3]
    )


@pytest.mark.parametrize("kind", CYCLING)
def test_the_momentum_is_lowest_at_the_highest_rate(kind: str) -> None:
    for fields in cases(kind, 10, seed=7):
        schedule = cycle(kind, **fields | {"base_momentum": 0.5, "max_momentum": 0.9})
        for horizon in HORIZONS:
            factors, momenta = schedule.table(horizon), schedule.momentum_table(horizon)
            assert ((momenta >= 0.5 - 1e-15) & (momenta <= 0.9 + 1e-15)).all()
            assert momenta[np.argmax(factors)] == momenta.min()


def test_the_momentum_of_the_warmup_is_that_of_the_update_after_it() -> None:
    momenta = cycle(warmup_fraction=0.3).momentum_table(20)
    np.testing.assert_array_equal(momenta[:7], 0.95)
    np.testing.assert_array_equal(momenta[6:], cycle().momentum_table(14))
    np.testing.assert_array_equal(
        cycle(warmup_fraction=1.0).momentum_table(4), 0.85
    )  # one update is the peak


@pytest.mark.parametrize("kind", CYCLING)
def test_a_stacked_row_has_the_bits_of_the_instance_alone(kind: str) -> None:
    schedules = [make_schedule(kind, **fields) for fields in cases(kind, 10, seed=8)]
    stacked: Any = stack(schedules)
    for steps in (np.arange(97.0), np.array([41.0])):
        together = stacked.momentum_at(steps, 97)
        for row, schedule in enumerate(schedules):
            assert isinstance(schedule, MomentumCycling)
            np.testing.assert_array_equal(together[row], schedule.momentum_table(97)[steps.astype(int)])


def test_nothing_is_cycled_unless_it_is_asked_for() -> None:
    assert cycling(make_schedule("one_cycle")) is None
    assert cycling(make_schedule("cosine")) is None
    assert cycling(cycle()) == cycle()


@pytest.mark.parametrize("kind", ABLE)
def test_a_cycle_of_width_zero_is_a_constant_momentum(kind: str) -> None:
    field = str(OPTIMIZERS[kind].momentum_field)
    flat = {"base_momentum": 0.7, "max_momentum": 0.7}
    momentum: dict[str, Any] = {field: 0.7}
    pair = [
        run(kind, "one_cycle", schedule_fields={"cycle_momentum": True, **flat}),
        run(kind, "one_cycle", **momentum),
    ]
    result = run_batch(function("rosenbrock", 3, noise=0.1), pair, steps=50, seed=1)
    assert result.trajectories is not None
    cycled, plain = (trajectory.parameters for trajectory in result.trajectories)
    assert cycled is not None
    assert plain is not None
    np.testing.assert_allclose(cycled, plain, rtol=1e-9)
    assert (plain[-1] != plain[0]).all()


@pytest.mark.parametrize("kind", ABLE)
def test_the_momentum_of_the_optimizer_has_no_effect(kind: str) -> None:
    field = str(OPTIMIZERS[kind].momentum_field)
    settings: list[dict[str, Any]] = [{field: 0.0}, {field: 0.5}]
    runs = [
        run(kind, schedule, schedule_fields={"cycle_momentum": True}, **fields)
        for schedule in CYCLING
        for fields in settings
    ]
    result = run_batch(function("rosenbrock", 20, noise=0.1), runs, steps=30, seed=1)
    for row in (0, 2):
        assert_same_row(result, row, result, row + 1)


def test_a_cycle_changes_the_path() -> None:
    fields = {"cycle_momentum": True, "base_momentum": 0.5, "max_momentum": 0.9}
    pair = [run("adam", "one_cycle"), run("adam", "one_cycle", schedule_fields=fields)]
    result = run_batch(function("rosenbrock", 3), pair, steps=50, seed=1)
    assert result.values[0] != result.values[1]


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind not in ABLE])
def test_an_optimizer_without_a_momentum_is_refused(kind: str) -> None:
    cycled = run(kind, "one_cycle", schedule_fields={"cycle_momentum": True})
    with pytest.raises(ValueError, match=f"{kind} has no momentum that one_cycle could cycle"):
        run_batch(function("quadratic", 3), [cycled], steps=2, seed=0)
