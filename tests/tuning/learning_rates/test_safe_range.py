"""The peaks that a safe range keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.tuning.learning_rates.safe_range import (
    Bound,
    Needs,
    as_rates,
    recommended_peak,
    safe_range,
    uncertain_rows,
    upper_end,
)
from app.tuning.learning_rates.sweep import Sweep, swept_rates
from tests.support.jobs import configuration

PEAK = 0.01
NAN = math.nan
NONE = Needs(floor=0.0)


def rate(half_octaves: int) -> float:
    return float(PEAK * 2.0 ** (half_octaves / 2))


def swept(
    means: dict[int, float], *, seeds: int = 16, scatter: float = 0.0, default: float | None = None
) -> Sweep:
    """Return a sweep whose mean is 1 at the own peak and 2 elsewhere, except at the given half octaves.

    means: the mean by the distance to the own peak in half octaves. scatter: the deviation from the mean at
    other peaks, positive on half of the seeds and negative on the others.
    """
    signs = np.where(np.arange(seeds) % 2, 1.0, -1.0)
    rows = [means.get(k, 1.0 if k == 0 else 2.0) + scatter * signs * (k != 0) for k in range(-8, 9)]
    rows += [] if default is None else [np.full(seeds, default)]
    winner = configuration(learning_rate=PEAK)
    return Sweep(
        configuration=winner,
        default=None if default is None else configuration("sgd", 0.5),
        rates=tuple(swept_rates(winner)),
        values=np.array(rows),
        runs=np.full(len(rows), seeds),
    )


def ends(sweep: Sweep, needs: Needs = NONE) -> tuple[float, float, float | None] | None:
    safe = safe_range(sweep, needs)
    if safe is None:
        return None
    rates = as_rates(sweep, safe)
    return rates.low, rates.high, rates.diverges_above


def test_the_safe_range_is_unbroken_and_within_five_percent() -> None:
    sweep = swept({-3: 1.0, -2: 1.06, -1: 1.04, 1: 1.049, 2: 0.9, 3: 1.2, 4: 1.0})
    assert ends(sweep) == (rate(-1), rate(2), None)


def test_the_tolerance_of_a_negative_loss_is_above_it_too() -> None:
    sweep = swept(dict.fromkeys(range(-8, 9), -100.0) | {1: -96.0, 2: -94.0})
    assert ends(sweep) == (rate(-8), rate(1), None)


def test_a_loss_near_zero_is_close_to_any_below_the_floor() -> None:
    sweep = swept(dict.fromkeys(range(-8, 9), 1e-09) | {0: 1e-12, 1: 0.009, 2: 0.02})
    assert ends(sweep, Needs(floor=0.01)) == (rate(-8), rate(1), None)


def test_an_octave_of_margin_is_left_to_the_first_divergence() -> None:
    sweep = swept(dict.fromkeys(range(-8, 5), 1.0) | {5: NAN, 6: 1.0, 7: NAN})
    assert ends(sweep) == (rate(-8), rate(3), rate(4))
    assert safe_range(sweep, NONE).high_bound is Bound.DIVERGENCE  # type: ignore[union-attr]


def test_one_seed_that_diverges_is_a_divergence() -> None:
    sweep = swept(dict.fromkeys(range(-8, 9), 1.0))
    sweep.values[13, 7] = NAN
    assert ends(sweep) == (rate(-8), rate(3), rate(4))


@pytest.mark.parametrize("first", [1, 2])
def test_a_peak_without_a_margin_is_lowered_to_the_highest_that_has_one(first: int) -> None:
    sweep = swept(dict.fromkeys(range(-8, 0), 1.04) | {1: 1.0} | dict.fromkeys(range(first, 9), NAN))
    expected = first - 2
    range_ = safe_range(sweep, NONE)
    assert range_ is not None
    assert sweep.rates[range_.peak] == rate(expected)
    assert ends(sweep) == (rate(-8), rate(expected), rate(first - 1))


def test_a_lower_peak_must_be_within_the_tolerance_of_the_one_before_lowering() -> None:
    nothing = dict.fromkeys(range(1, 9), NAN)
    assert ends(swept(nothing | {-1: 1.0, -2: 1.06})) == (rate(-1), rate(-1), rate(0))
    assert ends(swept(nothing | {-1: 1.04, -2: 1.06})) == (rate(-1), rate(-1), rate(0))
    assert ends(swept(nothing | {-1: 1.06, -2: 1.06})) is None


def test_a_peak_is_not_lowered_out_of_its_search_range() -> None:
    sweep = swept(dict.fromkeys(range(-8, 0), 1.0) | dict.fromkeys(range(1, 9), NAN))
    assert safe_range(sweep, Needs(floor=0.0, lowest=rate(-1))) is not None
    assert safe_range(sweep, Needs(floor=0.0, lowest=PEAK)) is None
    assert safe_range(sweep, Needs(floor=0.0, lowest=math.inf)) is None


def test_a_divergence_that_another_stage_saw_counts() -> None:
    sweep = swept(dict.fromkeys(range(-8, 9), 1.0))
    low, high, above = ends(sweep, Needs(floor=0.0, diverged=3.1 * PEAK)) or (0.0, 0.0, 0.0)
    assert (low, high) == (rate(-8), rate(1))
    assert above == pytest.approx(rate(3))


def test_a_divergence_beyond_the_sweep_is_reported_half_an_octave_below() -> None:
    sweep = swept(dict.fromkeys(range(-8, 9), 1.0))
    low, high, above = ends(sweep, Needs(floor=0.0, diverged=rate(11))) or (0.0, 0.0, 0.0)
    assert (low, high) == (rate(-8), rate(8))
    assert above == pytest.approx(rate(10))


def test_a_sweep_whose_lowest_peak_diverges_has_no_range() -> None:
    assert ends(swept(dict.fromkeys(range(-8, 9), 1.0) | {-8: NAN})) is None


def test_a_peak_whose_loss_is_not_surely_close_is_not_kept() -> None:
    means = dict.fromkeys(range(-8, 9), 1.04)
    assert ends(swept(means, scatter=0.01)) == (rate(-8), rate(8), None)
    scattered = swept(means, scatter=0.1)
    assert ends(scattered) == (PEAK, PEAK, None)
    safe = safe_range(scattered, NONE)
    assert safe is not None
    assert safe.low_bound is safe.high_bound is Bound.SCATTER
    assert (safe.likely_low, safe.likely_high) == (0, 16)


def test_a_peak_worse_than_the_default_is_not_kept_if_the_gain_over_the_default_is_certain() -> None:
    sweep = swept({-2: 1.03, -1: 1.01, 1: 1.01, 2: 1.03}, default=1.02)
    assert ends(sweep, Needs(floor=0.0, beats_default=False)) == (rate(-2), rate(2), None)
    assert ends(sweep, Needs(floor=0.0, beats_default=True)) == (rate(-1), rate(1), None)
    bounds = safe_range(sweep, Needs(floor=0.0, beats_default=True))
    assert bounds is not None
    assert bounds.low_bound is Bound.DEFAULT


def test_an_uncertain_end_gets_more_seeds_with_the_two_peaks_inward() -> None:
    sweep = swept(dict.fromkeys(range(-4, 2), 1.03) | {0: 1.0}, scatter=0.1, default=5.0)
    assert uncertain_rows(sweep, NONE) == [4, 5, 6, 9, 8, 17]
    assert uncertain_rows(swept(dict.fromkeys(range(-8, 9), 1.0)), NONE) == []


def test_a_side_of_two_certain_half_octaves_is_not_looked_at_further() -> None:
    sweep = swept(dict.fromkeys(range(-8, 9), 1.0))
    sweep.values[:6] += 0.03 + 0.1 * np.where(np.arange(16) % 2, 1.0, -1.0)
    assert safe_range(sweep, NONE).low == 6  # type: ignore[union-attr]
    assert uncertain_rows(sweep, NONE) == []


def test_an_uncertain_lower_peak_gets_more_seeds() -> None:
    sweep = swept(dict.fromkeys(range(-8, 0), 1.03) | dict.fromkeys(range(1, 9), NAN), scatter=0.1)
    assert safe_range(sweep, NONE) is None
    assert recommended_peak(sweep, NONE, is_certain=False) == 7
    assert uncertain_rows(sweep, NONE) == [5, 6, 7, 8]


def test_the_upper_end_is_that_of_the_t_interval() -> None:
    assert upper_end([2.0]) == 2.0
    assert upper_end([0.0, 1.0]) == pytest.approx(0.5 + 12.7062 * 0.5, rel=1e-4)


@pytest.mark.parametrize("scatter", [0.02, 0.1])
def test_ends_hold_on_other_seeds_in_most_jobs(scatter: float) -> None:
    """The true means rise by 2 % per half octave, and each run scatters independently."""
    held = total = 0
    for job in range(60):
        generator = np.random.default_rng(job)
        truth = np.array([1.0 + 0.02 * abs(k) for k in range(-8, 9)])
        values = truth[:, None] + scatter * generator.standard_normal((17, 16))
        template = swept({})
        sweep = Sweep(
            configuration=template.configuration,
            default=None,
            rates=template.rates,
            values=values,
            runs=np.full(17, 16),
        )
        range_ = safe_range(sweep, NONE)
        assert range_ is not None
        held += sum(truth[end] <= 1.05 for end in (range_.low, range_.high))
        total += 2
    assert held / total >= 0.95
