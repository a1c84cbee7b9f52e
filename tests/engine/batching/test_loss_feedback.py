"""Loss-driven schedules: their rules, their independence of other rows, and the recorded rates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from app.engine.batching.loss_feedback import realised_factors
from app.engine.batching.run_batch import run_batch
from app.engine.schedules import SCHEDULES
from app.engine.schedules.loss_driven import LossDriven
from app.engine.trajectories.result import Outcome
from tests.support.batches import assert_same_row, function, run, supervised
from tests.support.kinds import make_schedule
from tests.support.parity.factors import HORIZONS, losses
from tests.support.warmups import WARMUPS, ramp

RULES: tuple[dict[str, Any], ...] = (
    {"kind": "reduce_on_plateau", "patience": 0.02, "factor": 0.5, "cooldown": 0.05},
    {"kind": "reduce_on_plateau", "patience": 0.1, "threshold": 0.01, "warmup_fraction": 0.2},
    {"kind": "reduce_by_ratio", "reduce_ratio": 0.9, "warmup_fraction": 0.1},
    {"kind": "reduce_by_ratio", "reduce_error_ratio": 0.02},
    {"kind": "reduce_by_ratio", "reduce_frequency": 0.1},
    {"kind": "bold_driver", "warmup_fraction": 0.1},
    {"kind": "bold_driver", "increase": 1.2, "tolerance": 1.0, "max_factor": 2.0},
)


def runs(**fields: Any) -> list[Any]:
    result = []
    for i in range(18):
        schedule = dict((*RULES, {"kind": "constant"}, {"kind": "cosine"})[i % 9])
        result.append(
            run(
                ("sgd", "adam")[i % 2],
                schedule.pop("kind"),
                schedule_fields=schedule,
                learning_rate=10.0 ** (-3 + 0.3 * i),
                replicate=i % 3,
                **fields,
            )
        )
    return result


def table(losses: list[float], **fields: Any) -> list[float]:
    rule = SCHEDULES[fields.pop("kind", "reduce_by_ratio")](**fields)
    assert isinstance(rule, LossDriven)
    factors: list[float] = realised_factors(rule, losses).tolist()
    return factors


def test_a_plateau_lasts_longer_than_the_patience_before_the_rate_drops() -> None:
    falls = [5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0]
    factors = table(falls, kind="reduce_on_plateau", factor=0.5, patience=0.2)
    assert factors == [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_the_rate_of_an_update_does_not_depend_on_its_own_loss() -> None:
    up, down = [1.0, 1.0, 1.0, 9.0], [1.0, 1.0, 1.0, 0.0]
    for rule in RULES:
        assert table(up, **rule) == table(down, **rule)


def test_the_losses_of_the_warmup_do_not_count() -> None:
    fields: dict[str, Any] = {"reduce_ratio": 0.5, "warmup_fraction": 0.5, "warmup_start_factor": 1.0}
    assert table([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0, 0.0], **fields) == [1.0] * 8
    assert table([1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 1.0, 0.0], **fields) == [1.0] * 6 + [0.5] * 2


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("warmup", WARMUPS, ids=str)
@pytest.mark.parametrize("kind", [kind for kind, cls in SCHEDULES.items() if issubclass(cls, LossDriven)])
def test_after_the_warmup_the_rule_runs_over_the_rest_of_the_horizon(
    kind: str, warmup: dict[str, Any], horizon: int
) -> None:
    updates = math.floor(warmup["warmup_fraction"] * horizon + 0.5)
    seen = losses(horizon)
    factors = realised_factors(_rule({"kind": kind, **warmup}), seen)
    rising = [ramp(k / updates, warmup) for k in range(updates)]
    np.testing.assert_allclose(factors[:updates], rising, rtol=1e-13, atol=1e-15)
    rest = realised_factors(_rule({"kind": kind}), seen[updates:]) if updates < horizon else np.empty(0)
    np.testing.assert_array_equal(factors[updates:], rest)


@pytest.mark.parametrize("offset", [-60.0, -1.0, 0.0, 60.0])
def test_a_plateau_of_any_sign_drops_the_rate(offset: float) -> None:
    factors = table([offset] * 10, kind="reduce_on_plateau", factor=0.5, patience=0.2)
    assert factors == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("threshold", [0.0, 1e-4, 0.1])
def test_a_negative_loss_that_gets_worse_is_no_improvement(threshold: float) -> None:
    worse = [-10.0 + 0.01 * k for k in range(10)]
    factors = table(worse, kind="reduce_on_plateau", factor=0.5, patience=0.2, threshold=threshold)
    assert factors[-1] == 0.25
    better = [-10.0 * 1.2**k for k in range(10)]
    assert table(better, kind="reduce_on_plateau", patience=0.1, threshold=threshold)[-1] == 1.0


def test_a_constant_negative_loss_drops_the_rate() -> None:
    still = run(
        "sgd", "reduce_on_plateau", schedule_fields={"patience": 0.1, "factor": 0.5}, learning_rate=1e-12
    )
    result = run_batch(function("styblinski_tang", 2, start=(-2.9, -2.9)), [still], steps=50, seed=0)
    assert result.trajectories is not None
    assert result.trajectories[0].learning_rate[49] == 1e-12 * 0.00390625


def test_a_ratio_of_zero_reduces_if_the_loss_rises() -> None:
    assert table([4.0, 5.0, 5.0, 3.0, 3.5, 3.0], reduce_ratio=0.5) == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


def test_a_ratio_reduces_if_the_loss_falls_by_less_than_that_share() -> None:
    factors = table([100.0, 80.0, 75.0, 40.0, 41.0, 0.0], reduce_ratio=0.5, reduce_error_ratio=0.1)
    assert factors == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]


def test_a_frequency_counts_and_looks_at_no_loss() -> None:
    factors = table([1.0, 2.0] * 5, reduce_ratio=0.5, reduce_frequency=0.25, reduce_error_ratio=0.5)
    assert factors == [1.0] * 3 + [0.5] * 3 + [0.25] * 3 + [0.125]


def test_a_bold_driver_raises_the_rate_while_the_loss_falls_and_lowers_it_if_the_loss_rises_too_much() -> (
    None
):
    factors = table(
        [10.0, 9.0, 8.0, 8.0, 8.3, 9.0, 8.9, 8.8], kind="bold_driver", increase=2.0, decrease=0.25
    )
    assert factors == [1.0, 1.0, 2.0, 4.0, 4.0, 4.0, 1.0, 2.0]  # 8.3 is within 4 % of 8, 9.0 is not of 8.3


def test_a_bold_driver_has_the_defaults_of_matlab() -> None:
    assert table([2.0, 1.0, 1.03, 1.5, 1.5], kind="bold_driver") == [1.0, 1.0, 1.05, 1.05, 1.05 * 0.7]


def test_a_bold_driver_stays_below_its_largest_factor() -> None:
    factors = table(np.linspace(2.0, 1.0, 100).tolist(), kind="bold_driver")
    assert factors[-1] == max(factors) == 10.0
    assert factors[-10] == 10.0
    assert table([3.0, 2.0, 1.0, 0.5], kind="bold_driver", max_factor=1.0) == [1.0] * 4


def test_a_bold_driver_takes_a_rise_of_losses_below_zero_for_one() -> None:
    factors = table([-10.0, -9.7, -9.0, -9.0, -10.0, -10.0], kind="bold_driver")
    assert factors == [1.0, 1.0, 1.0, 0.7, 0.7, pytest.approx(0.7 * 1.05)]


def test_a_plateau_never_drops_below_the_least_factor() -> None:
    factors = table([1.0] * 40, kind="reduce_on_plateau", patience=0.025, min_factor=0.02)
    assert factors[-1] == min(factors) == 0.02
    assert np.unique(factors).tolist() == pytest.approx([0.02, 0.1, 1.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("objective", "fields"),
    [
        (function("rosenbrock", 2, noise=0.1), {}),
        (function("quadratic", 40, noise=0.1), {}),
        (supervised("iris", (5,)), {"batch_size": 16}),
    ],
    ids=["small", "wide", "model"],
)
def test_a_row_equals_the_run_alone(objective: Any, fields: dict[str, Any], dtype: type) -> None:
    mixed = runs(**fields)
    shared: dict[str, Any] = {"steps": 60, "seed": 2, "dtype": dtype, "rungs": (7, 20)}
    together = run_batch(objective, mixed, **shared)
    for row, single in enumerate(mixed):
        assert_same_row(together, row, run_batch(objective, [single], **shared), 0)
    assert {Outcome.COMPLETED, Outcome.DIVERGED} <= set(together.outcomes) or fields


@pytest.mark.parametrize("name", ["drifting_quadratic", "sparse_quadratic", "rosenbrock"])
def test_a_rule_that_never_drops_sees_the_losses_of_a_constant_rate(name: str) -> None:
    patient = run("sgd", "reduce_on_plateau", schedule_fields={"patience": 1.0}, learning_rate=1e-3)
    objective = function(name, 3)
    constant = run_batch(objective, [run("sgd", learning_rate=1e-3)], steps=70, seed=4)
    together = run_batch(objective, [patient, run("adam"), patient], steps=70, seed=4)
    assert constant.trajectories is not None
    assert together.trajectories is not None
    for row in (0, 2):
        np.testing.assert_array_equal(together.trajectories[row].loss, constant.trajectories[0].loss)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_recorded_rates_follow_from_the_recorded_losses(rule: dict[str, Any]) -> None:
    fields = dict(rule)
    kind = fields.pop("kind")
    single = run("sgd", kind, schedule_fields=fields, learning_rate=0.01)
    result = run_batch(function("quadratic", 3, noise=0.5), [single], steps=200, seed=4)
    assert result.trajectories is not None
    (trajectory,) = result.trajectories
    expected = table(trajectory.loss[:-1].tolist(), **rule)
    assert len(set(expected)) > 2
    np.testing.assert_array_equal(trajectory.learning_rate[:-1], np.multiply(expected, 0.01))
    assert math.isnan(trajectory.learning_rate[-1])


def test_the_recorded_rates_of_a_long_run_are_the_rates_of_its_updates() -> None:
    fields = {"patience": 0.01, "factor": 0.7}
    single = run("sgd", "reduce_on_plateau", schedule_fields=fields, learning_rate=0.01)
    objective = function("quadratic", 3, noise=0.5)
    alone = run_batch(objective, [single], steps=1500, seed=4)
    again = run_batch(objective, [single, run()], steps=1500, seed=4)
    assert alone.trajectories is not None
    assert_same_row(alone, 0, again, 0)
    trajectory = alone.trajectories[0]
    assert (np.diff(trajectory.learning_rate[:-1]) <= 0).all()
    assert trajectory.learning_rate[0] == 0.01
    assert trajectory.learning_rate[-2] < 0.01


def test_reducing_on_a_plateau_ends_lower_than_a_constant_rate_under_noise() -> None:
    objective = function("quadratic", 2, noise=10.0)
    fields = {"patience": 0.05, "factor": 0.3}
    pair = [
        run("sgd", kind, schedule_fields=schedule_fields, learning_rate=0.018, replicate=replicate)
        for replicate in range(8)
        for kind, schedule_fields in (("reduce_on_plateau", fields), ("constant", {}))
    ]
    values = run_batch(objective, pair, steps=500, seed=1, record=False).values
    assert values[0::2].mean() < 0.5 * values[1::2].mean()


def test_the_losses_that_rules_are_compared_on_make_them_drop() -> None:
    for rule in RULES:
        assert len(np.unique(realised_factors(_rule(rule), losses(1000)))) > 2


def _rule(rule: dict[str, Any]) -> Any:
    fields = dict(rule)
    return make_schedule(fields.pop("kind"), **fields)
