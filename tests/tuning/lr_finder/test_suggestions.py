"""The suggestions of a range test, compared with the rules in plain NumPy."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.tuning.lr_finder.bootstrap import Spread
from app.tuning.lr_finder.fastai_rules import smooth
from app.tuning.lr_finder.suggestions import analyse, range_rates

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
    assert rates[0] == 1e-7
    assert rates[50] == pytest.approx(1e-3, rel=1e-12)
    assert rates[-1] < 10.0
    np.testing.assert_allclose(rates[1:] / rates[:-1], 10**0.08, rtol=1e-12)


def test_smoothing_is_a_debiased_running_mean() -> None:
    losses = np.array([3.0, 1.0, 2.0])
    expected = [3.0, (0.02 * 0.98 * 3 + 0.02 * 1) / (1 - 0.98**2)]
    np.testing.assert_allclose(smooth(losses, 0.98)[:2], expected, rtol=1e-12)
    np.testing.assert_array_equal(smooth(losses, 0.0), losses)


def test_the_suggestions_of_a_smooth_curve_follow_the_rules() -> None:
    analysis = analyse(RATES, CURVE, smoothing=0.0)
    window = slice(10, len(analysis.smoothed) - 5)
    x, y = RATES[window], CURVE[window]
    assert analysis.reading.minimum_over_10 == x[np.argmin(y)] / 10
    assert analysis.reading.steepest == x[np.argmin(np.diff(y) / np.diff(np.log(x)))]
    assert analysis.reading.steepest == pytest.approx(1e-3, rel=0.2)
    end, length = longest_fall(y)
    third = length / 3
    assert analysis.reading.valley == x[end - length + int(third) + int(third / 2)]
    assert analysis.warnings == ()


@pytest.mark.parametrize("seed", range(20))
def test_the_valley_of_a_rough_curve_lies_in_its_longest_fall(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(scale=0.3, size=STEPS)
    losses = np.maximum(CURVE + noise, 0.5)
    analysis = analyse(RATES, losses, smoothing=0.0)
    window = slice(10, len(analysis.smoothed) - 5)
    end, length = longest_fall(losses[window])
    third = length / 3
    assert analysis.reading.valley == RATES[window][max(end - length + int(third) + int(third / 2), 0)]


def test_the_slide_moves_left_from_the_end_while_the_slopes_differ() -> None:
    analysis = analyse(RATES, CURVE, smoothing=0.0)
    y = CURVE[10 : len(analysis.smoothed) - 5]
    slope = np.gradient(y)
    left = len(y) - 16
    moves = 0
    while left - moves >= 0 and abs(slope[left + 15 - moves] - slope[left - moves]) > 0.005:
        moves += 1
    assert moves > 1
    assert analysis.reading.slide == RATES[10 + left - (moves - 1)]


def test_a_slide_without_meaning_gives_a_warning() -> None:
    flatter = analyse(RATES, 1e-4 * CURVE, smoothing=0.0)
    last = len(flatter.smoothed) - 5 - 1
    assert flatter.reading.slide == RATES[last - 15]  # as in fastai
    assert [text for text in flatter.warnings if "slide stays at the end" in text]
    short = analyse(RATES[::5], CURVE[::5], smoothing=0.0)
    assert short.reading.slide is None
    assert short.reading.valley is not None
    assert [text for text in short.warnings if text.startswith("no slide: only ")]


def test_the_test_ends_at_four_times_the_lowest_loss() -> None:
    losses = np.full(STEPS, 1.0)
    losses[60:] = [4.0, 4.1] + [9.0] * 38
    analysis = analyse(RATES, losses, smoothing=0.0)
    assert analysis.end.diverged
    assert len(analysis.smoothed) == 62


def test_of_losses_below_zero_the_rise_is_measured_from_the_start() -> None:
    losses = np.concatenate([np.linspace(-1.0, -3.0, 50), np.linspace(-3.0, 20.0, 50)])
    analysis = analyse(RATES, losses, smoothing=0.0)
    assert analysis.end.diverged
    assert losses[len(analysis.smoothed) - 1] > -1.0 + 3 * 2.0 >= losses[len(analysis.smoothed) - 2]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_test_ends_before_a_loss_that_is_not_finite(bad: float) -> None:
    losses = CURVE.copy()
    losses[70:] = bad
    analysis = analyse(RATES, losses, smoothing=0.0)
    assert analysis.end.diverged
    assert len(analysis.smoothed) <= 70
    assert np.isfinite(analysis.smoothed).all()
    assert analysis.reading.valley is not None


def test_a_run_that_broke_off_leaves_out_a_tenth_of_the_updates_that_were_planned() -> None:
    whole = analyse(RATES, np.where(np.arange(STEPS) < 70, CURVE, np.nan), smoothing=0.0)
    broken = analyse(RATES[:70], CURVE[:70], smoothing=0.0, planned=STEPS)
    assert broken.end.diverged
    for name in ("valley", "slide", "steepest", "minimum_over_10"):
        assert getattr(broken.reading, name) == getattr(whole.reading, name)


def test_a_loss_that_only_rises_suggests_nothing_and_says_why() -> None:
    analysis = analyse(RATES, np.linspace(1.0, 2.0, STEPS))
    assert (
        analysis.reading.valley
        is analysis.reading.slide
        is analysis.reading.steepest
        is analysis.reading.minimum_over_10
        is None
    )
    assert "does not fall" in analysis.warnings[0]


def test_a_loss_that_still_falls_at_the_end_gives_a_warning() -> None:
    analysis = analyse(RATES, np.linspace(2.0, 1.0, STEPS))
    assert analysis.reading.valley is not None
    assert not analysis.end.diverged
    assert "still falls" in analysis.warnings[0]


@pytest.mark.parametrize("count", [0, 1, 5, 16])
def test_a_test_that_broke_off_early_suggests_nothing(count: int) -> None:
    losses = np.where(np.arange(STEPS) < count, CURVE, np.nan)
    analysis = analyse(RATES, losses)
    assert analysis.reading.valley is None
    assert analysis.warnings


def test_losses_below_zero_may_rise_a_little_before_anything_is_gained() -> None:
    rates = range_rates(1e-5, 1.0, 100)
    fall = np.where(np.arange(100) < 40, 0.0, -1.6 * np.minimum(1.0, (np.arange(100) - 40) / 40))
    analysis = analyse(rates, -1.0 + fall + 1e-12 * (np.arange(100) % 2), smoothing=0.0)
    assert not analysis.end.diverged
    assert len(analysis.smoothed) == 100
    assert analysis.reading.valley is not None
    assert analysis.reading.minimum_over_10 is not None


@pytest.mark.parametrize("loss", [0.7, 2.0, -0.7, 0.0])
def test_equal_losses_neither_fall_nor_diverge(loss: float) -> None:
    analysis = analyse(range_rates(1e-5, 1.0, 100), np.full(100, loss))
    assert not analysis.end.diverged
    assert (
        analysis.reading.valley
        is analysis.reading.slide
        is analysis.reading.steepest
        is analysis.reading.minimum_over_10
        is None
    )
    (warning,) = analysis.warnings
    assert warning.startswith("the loss does not fall")


@pytest.mark.parametrize("first", [0, 3])
def test_a_loss_that_is_missing_early_is_named(first: int) -> None:
    losses = np.linspace(2.0, 1.0, 100)
    losses[first] = math.nan
    (warning,) = analyse(range_rates(1e-5, 1.0, 100), losses).warnings
    assert warning.startswith(f"the loss of update {first}, counted from 0, is not finite")


def test_a_missing_loss_after_the_end_of_the_test_is_ignored() -> None:
    losses = np.where(np.arange(100) < 20, 1.0, 9.0)
    losses[60] = math.nan
    (warning,) = analyse(range_rates(1e-5, 1.0, 100), losses, smoothing=0.0).warnings
    assert warning.startswith("the loss does not fall")


@pytest.mark.parametrize("update", [0, 3, 40])
@pytest.mark.parametrize("value", [50.0, 0.001])
@pytest.mark.parametrize("smoothing", [0.0, 0.98])
def test_a_single_loss_apart_from_the_others_does_not_count(
    update: int, value: float, smoothing: float
) -> None:
    losses = 1.0 + (CURVE - CURVE[0]) / 10 + 0.002 * np.random.default_rng(0).normal(size=STEPS)
    spoilt = losses.copy()
    spoilt[update] = value
    whole, analysis = analyse(RATES, losses, smoothing), analyse(RATES, spoilt, smoothing)
    assert analysis.end.update == whole.end.update
    for name in ("valley", "slide", "steepest", "minimum_over_10"):
        assert getattr(analysis.reading, name) == pytest.approx(getattr(whole.reading, name), rel=0.5)
    (warning,) = [text for text in analysis.warnings if "apart" in text]
    assert warning.startswith(f"the loss {value:g} of update {update}, counted from 0, stands apart")


def test_suggestions_far_apart_are_warned_of() -> None:
    rates = range_rates(1e-8, 1.0, STEPS)
    losses = 2.0 - np.tanh(np.log10(rates) + 2.5) + 10.0 ** (3.0 * (np.log10(rates) + 1.0))
    analysis = analyse(rates, 1e3 * losses, smoothing=0.0)
    assert analysis.reading.valley is not None
    assert analysis.reading.slide is not None
    (warning,) = [text for text in analysis.warnings if text.startswith("slide ")]
    factor = analysis.reading.valley / analysis.reading.slide
    assert factor > 30
    assert f"lies a factor of {factor:,.0f} below valley" in warning


@pytest.mark.parametrize(
    ("losses", "planned", "reason", "update", "words"),
    [
        (np.linspace(2.0, 1.0, 100), None, "last_update", 99, "its last"),
        (
            np.where(np.arange(100) < 60, 1.0, 9.0),
            None,
            "loss_rose",
            60,
            "9, is above 4, four times the lowest, 1",
        ),
        (np.where(np.arange(100) < 60, -1.0, 9.0), None, "loss_rose", 60, "too far above the start, -1"),
        (
            np.where(np.arange(100) < 60, 1.0, math.nan),
            None,
            "not_finite",
            59,
            "loss of update 60 is not finite",
        ),
        (
            np.full(100, math.nan),
            None,
            "not_finite",
            None,
            "no update counts: the loss of update 0 is not finite",
        ),
        (np.linspace(2.0, 1.0, 70), 100, "run_stopped", 69, "the run stopped there, before its 100 updates"),
    ],
)
def test_the_end_has_a_reason(
    losses: NDArray[np.float64], planned: int | None, reason: str, update: int | None, words: str
) -> None:
    end = analyse(RATES[: len(losses)], losses, smoothing=0.0, planned=planned).end
    assert (end.reason, end.update) == (reason, update)
    assert words in end.detail
    assert end.learning_rate == (None if update is None else RATES[update])


@pytest.mark.parametrize("scale", [0.02, 0.1])
@pytest.mark.parametrize("shift", [0.0, -5.0])
def test_the_spread_matches_the_spread_over_noise_seeds(scale: float, shift: float) -> None:
    analyses = [
        analyse(RATES, CURVE * np.exp(np.random.default_rng(seed).normal(size=STEPS) * scale) + shift)
        for seed in range(30)
    ]
    for name in ("valley", "minimum_over_10"):
        values = np.array([getattr(each.reading, name) for each in analyses])
        low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), method="nearest")
        bounds = np.array([getattr(each.spread, name) for each in analyses])
        width = np.median(bounds[:, 1] / bounds[:, 0])
        assert (high / low) ** 0.5 <= width <= (high / low) ** 1.5 + 0.3
        assert np.mean((bounds[:, 0] <= middle) & (middle <= bounds[:, 1])) >= 0.7


def test_a_curve_without_noise_has_hardly_any_spread_and_a_flat_one_none() -> None:
    spread = analyse(RATES, CURVE).spread
    for name in ("valley", "steepest", "minimum_over_10"):
        low, high = getattr(spread, name)
        assert 1.0 <= high / low < 1.3
    assert analyse(RATES, np.full(STEPS, 1.0)).spread == Spread()


def test_a_suggestion_that_noise_moves_far_is_warned_of() -> None:
    noise = np.random.default_rng(3).normal(size=STEPS)
    analysis = analyse(RATES, CURVE * np.exp(0.4 * noise))
    wide = [
        name for name, pair in asdict(analysis.spread).items() if pair is not None and pair[1] > 10 * pair[0]
    ]
    assert wide
    assert [text.split()[0] for text in analysis.warnings if "depends on the noise" in text] == wide


@pytest.mark.parametrize("smoothing", [0.0, 0.98])
@pytest.mark.parametrize(
    "losses",
    [
        [1.7e308, -1.7e308] * 20,
        [1e308] * 40,
        np.geomspace(1e308, 1e-308, 40),
        np.geomspace(1e-308, 1e308, 40),
    ],
    ids=["swings", "flat", "falls", "rises"],
)
def test_losses_near_the_largest_number_are_read_without_a_warning(losses: Any, smoothing: float) -> None:
    assert analyse(range_rates(1e-7, 10.0, 40), losses, smoothing).end.detail
