"""What a learning-rate range test says, against the rules written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from app.tuning.range_test import analyse, range_rates, smooth

STEPS = 100
RATES = range_rates(1e-5, 1.0, STEPS)
# Falls steepest at 1e-3, is lowest at 1e-2, and rises fast beyond it.
LOGS = np.log10(RATES)
CURVE = 2.0 - np.tanh(3.0 * (LOGS + 3.0)) + 10.0 ** (3.0 * (LOGS + 1.7))


def longest_fall(losses: NDArray[np.float64]) -> tuple[int, int]:
    """End and length of the longest strictly decreasing subsequence, by comparing every pair."""
    lengths = [1] * len(losses)
    for i in range(len(losses)):
        for j in range(i):
            if losses[i] < losses[j]:
                lengths[i] = max(lengths[i], lengths[j] + 1)
    return lengths.index(max(lengths)), max(lengths)


def test_the_rates_rise_geometrically_and_never_reach_the_end() -> None:
    rates = range_rates(1e-7, 10.0, 100)
    assert rates[0] == 1e-7 and rates[50] == pytest.approx(1e-3, rel=1e-12) and rates[-1] < 10.0
    np.testing.assert_allclose(rates[1:] / rates[:-1], 10**0.08, rtol=1e-12)


def test_smoothing_is_a_debiased_running_mean() -> None:
    losses = np.array([3.0, 1.0, 2.0])
    expected = [3.0, (0.02 * 0.98 * 3 + 0.02 * 1) / (1 - 0.98**2)]
    np.testing.assert_allclose(smooth(losses, 0.98)[:2], expected, rtol=1e-12)
    np.testing.assert_array_equal(smooth(losses, 0.0), losses)


def test_the_suggestions_of_a_smooth_curve_are_those_of_the_rules() -> None:
    found = analyse(RATES, CURVE, smoothing=0.0)
    window = slice(10, len(found.smoothed) - 5)
    x, y = RATES[window], CURVE[window]
    assert found.minimum_over_10 == x[np.argmin(y)] / 10
    assert found.steepest == x[np.argmin(np.diff(y) / np.diff(np.log(x)))]
    assert found.steepest == pytest.approx(1e-3, rel=0.2)
    end, length = longest_fall(y)
    third = length / 3
    assert found.valley == x[end - length + int(third) + int(third / 2)]
    assert found.warnings == ()


@pytest.mark.parametrize("seed", range(20))
def test_the_valley_of_a_rough_curve_lies_in_its_longest_fall(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(scale=0.3, size=STEPS)
    losses = np.maximum(CURVE + noise, 0.5)
    found = analyse(RATES, losses, smoothing=0.0)
    window = slice(10, len(found.smoothed) - 5)
    end, length = longest_fall(losses[window])
    third = length / 3
    assert found.valley == RATES[window][max(end - length + int(third) + int(third / 2), 0)]


def test_the_slide_moves_left_from_the_end_while_the_slopes_differ() -> None:
    found = analyse(RATES, CURVE, smoothing=0.0)
    y = CURVE[10 : len(found.smoothed) - 5]
    slope = np.gradient(y)
    left = len(y) - 16
    moves = 0
    while left - moves >= 0 and abs(slope[left + 15 - moves] - slope[left - moves]) > 0.005:
        moves += 1
    assert moves > 1
    assert found.slide == RATES[10 + left - (moves - 1)]


def test_a_slide_that_tells_nothing_is_warned_of() -> None:
    flatter = analyse(RATES, 1e-4 * CURVE, smoothing=0.0)
    last = len(flatter.smoothed) - 5 - 1
    assert flatter.slide == RATES[last - 15]  # as in fastai
    assert [text for text in flatter.warnings if "slide stays at the end" in text]
    short = analyse(RATES[::5], CURVE[::5], smoothing=0.0)
    assert short.slide is None and short.valley is not None
    assert [text for text in short.warnings if text.startswith("no slide: only ")]


def test_the_test_ends_where_the_loss_is_four_times_its_lowest() -> None:
    losses = np.full(STEPS, 1.0)
    losses[60:] = [4.0, 4.1] + [9.0] * 38
    found = analyse(RATES, losses, smoothing=0.0)
    assert found.diverged and len(found.smoothed) == 62


def test_of_losses_below_zero_the_rise_is_measured_from_the_start() -> None:
    losses = np.concatenate([np.linspace(-1.0, -3.0, 50), np.linspace(-3.0, 20.0, 50)])
    found = analyse(RATES, losses, smoothing=0.0)
    assert found.diverged
    assert losses[len(found.smoothed) - 1] > -1.0 + 3 * 2.0 >= losses[len(found.smoothed) - 2]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_test_ends_before_a_loss_that_is_not_finite(bad: float) -> None:
    losses = CURVE.copy()
    losses[70:] = bad
    found = analyse(RATES, losses, smoothing=0.0)
    assert found.diverged and len(found.smoothed) <= 70
    assert np.isfinite(found.smoothed).all() and found.valley is not None


def test_a_run_that_broke_off_leaves_out_a_tenth_of_the_updates_that_were_planned() -> None:
    whole = analyse(RATES, np.where(np.arange(STEPS) < 70, CURVE, np.nan), smoothing=0.0)
    broken = analyse(RATES[:70], CURVE[:70], smoothing=0.0, planned=STEPS)
    assert broken.diverged
    for name in ("valley", "slide", "steepest", "minimum_over_10"):
        assert getattr(broken, name) == getattr(whole, name)


def test_a_loss_that_only_rises_suggests_nothing_and_says_why() -> None:
    found = analyse(RATES, np.linspace(1.0, 2.0, STEPS))
    assert found.valley is found.slide is found.steepest is found.minimum_over_10 is None
    assert "does not fall" in found.warnings[0]


def test_a_loss_that_still_falls_at_the_end_says_so() -> None:
    found = analyse(RATES, np.linspace(2.0, 1.0, STEPS))
    assert found.valley is not None and not found.diverged
    assert "still falls" in found.warnings[0]


@pytest.mark.parametrize("count", [0, 1, 5, 16])
def test_a_test_that_broke_off_early_suggests_nothing(count: int) -> None:
    losses = np.where(np.arange(STEPS) < count, CURVE, np.nan)
    found = analyse(RATES, losses)
    assert found.valley is None and found.warnings


def test_losses_below_zero_may_rise_a_little_before_anything_is_gained() -> None:
    rates = range_rates(1e-5, 1.0, 100)
    fall = np.where(np.arange(100) < 40, 0.0, -1.6 * np.minimum(1.0, (np.arange(100) - 40) / 40))
    found = analyse(rates, -1.0 + fall + 1e-12 * (np.arange(100) % 2), smoothing=0.0)
    assert not found.diverged and len(found.smoothed) == 100
    assert found.valley is not None and found.minimum_over_10 is not None


@pytest.mark.parametrize("loss", [0.7, 2.0, -0.7, 0.0])
def test_equal_losses_neither_fall_nor_diverge(loss: float) -> None:
    found = analyse(range_rates(1e-5, 1.0, 100), np.full(100, loss))
    assert not found.diverged
    assert found.valley is found.slide is found.steepest is found.minimum_over_10 is None
    (warning,) = found.warnings
    assert warning.startswith("the loss does not fall")


@pytest.mark.parametrize("first", [0, 3])
def test_a_loss_that_is_missing_early_is_named(first: int) -> None:
    losses = np.linspace(2.0, 1.0, 100)
    losses[first] = math.nan
    (warning,) = analyse(range_rates(1e-5, 1.0, 100), losses).warnings
    assert warning.startswith(f"the loss of update {first}, counted from 0, is not finite")


def test_a_loss_that_is_missing_after_the_test_ended_is_not_blamed() -> None:
    losses = np.where(np.arange(100) < 20, 1.0, 9.0)
    losses[60] = math.nan
    (warning,) = analyse(range_rates(1e-5, 1.0, 100), losses, smoothing=0.0).warnings
    assert warning.startswith("the loss does not fall")
