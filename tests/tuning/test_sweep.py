from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.spec.recommendation import SafeLearningRate
from app.tuning.sweep import safe_learning_rate, sweep_entries
from tests.tuning.jobs import configuration

PEAK = 0.01
WINNER = configuration(learning_rate=PEAK)


def test_the_sweep_goes_from_a_sixteenth_to_sixteenfold_in_half_octaves() -> None:
    rates = [entry.optimizer["learning_rate"] for entry in sweep_entries(WINNER)]
    assert len(rates) == 17
    assert rates[8] == PEAK
    np.testing.assert_allclose(np.diff(np.log2(rates)), 0.5)
    assert rates[-1] == pytest.approx(16 * PEAK)


def test_only_the_learning_rate_is_swept() -> None:
    for entry in sweep_entries(WINNER):
        assert entry.optimizer | {"learning_rate": PEAK} == WINNER.optimizer
        assert entry.schedule == WINNER.schedule


def test_the_sweep_stays_within_the_bounds_of_the_learning_rate() -> None:
    rates = [entry.optimizer["learning_rate"] for entry in sweep_entries(configuration(learning_rate=5e5))]
    assert rates[-1] == 1e6
    assert len(rates) == 11


def swept(means: dict[int, float]) -> NDArray[np.float64]:
    """Values whose mean is 1 at the winner's peak and 2 elsewhere but for the given half octaves."""
    return np.array([[means.get(k, 1.0 if k == 0 else 2.0)] * 2 for k in range(-8, 9)])


def rate(half_octaves: int) -> float:
    return float(PEAK * 2.0 ** (half_octaves / 2))


def test_the_safe_stretch_is_unbroken_and_within_five_percent() -> None:
    values = swept({-3: 1.0, -2: 1.06, -1: 1.04, 1: 1.05, 2: 0.9, 3: 1.2, 4: 1.0})
    assert safe_learning_rate(WINNER, values) == SafeLearningRate(
        low=rate(-1), high=rate(2), diverges_above=None
    )


def test_the_tolerance_of_a_negative_loss_is_above_it_too() -> None:
    values = swept({k: -100.0 for k in range(-8, 9)} | {1: -96.0, 2: -94.0})
    found = safe_learning_rate(WINNER, values)
    assert found is not None
    assert (found.low, found.high) == (rate(-8), rate(1))


def test_it_diverges_above_the_last_rate_below_the_first_that_did() -> None:
    values = swept({})
    values[8 + 5, 1] = np.nan
    values[8 + 7] = np.nan
    found = safe_learning_rate(WINNER, values)
    assert found is not None
    assert found.diverges_above == rate(4)
    assert (found.low, found.high) == (PEAK, PEAK)


def test_a_divergence_below_the_winner_is_no_upper_limit() -> None:
    values = swept({})
    values[2] = np.nan
    found = safe_learning_rate(WINNER, values)
    assert found is not None
    assert found.diverges_above is None


def test_a_winner_that_diverges_in_its_sweep_has_no_safe_rate() -> None:
    values = swept({})
    values[8, 0] = np.nan
    assert safe_learning_rate(WINNER, values) is None


def test_a_loss_near_zero_is_close_to_any_below_the_floor() -> None:
    values = swept({k: 1e-9 for k in range(-8, 9)} | {0: 1e-12, 1: 0.009, 2: 0.02})
    found = safe_learning_rate(WINNER, values, floor=0.01)
    assert found is not None
    assert (found.low, found.high) == (rate(-8), rate(1))
