from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from app.tuning.statistics import (
    Mean,
    largest_share,
    lognormal_interval,
    loss_interval,
    mean_interval,
    probability_best,
    probability_better,
    skewed_interval,
)


@pytest.mark.parametrize("n", [2, 3, 16, 256])
def test_the_interval_is_students(n: int) -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, n)
    interval = mean_interval(values)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert interval is not None
    assert interval.ci95 == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_the_interval_of_differences_is_the_paired_one() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(0, 1, 16), generator.normal(0, 1, 16)
    interval = mean_interval(a - b)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert interval is not None
    assert interval.ci95 == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_95_of_100_intervals_cover_the_truth() -> None:
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(2000):
        interval = mean_interval(generator.normal(1.0, 5.0, 8))
        assert interval is not None
        assert interval.ci95 is not None
        covered += interval.ci95[0] <= 1.0 <= interval.ci95[1]
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)  # four standard errors


def test_equal_values_have_an_interval_without_width() -> None:
    assert mean_interval(np.full(4, 0.5)) == Mean(0.5, (0.5, 0.5))


def test_one_value_has_no_interval_unless_it_is_exact() -> None:
    assert mean_interval(np.array([2.0])) == Mean(2.0, None)
    assert mean_interval(np.array([2.0]), exact=True) == Mean(2.0, (2.0, 2.0))


def test_a_diverged_replicate_leaves_no_mean() -> None:
    assert mean_interval(np.array([1.0, np.nan])) is None
    assert mean_interval(np.array([])) is None


def test_the_best_of_two_is_as_probable_as_it_is_to_be_better() -> None:
    generator = np.random.default_rng(8)
    for n in (2, 4, 16):
        values = generator.normal(size=(2, n))
        first, second = probability_best(values, seed=0)
        assert first == pytest.approx(
            probability_better(values[0] - values[1]), abs=0.02
        )  # 4 standard errors
        assert first + second == pytest.approx(1.0)


def test_no_entry_is_likelier_the_best_than_better_than_any_other() -> None:
    values = np.random.default_rng(9).normal(size=(5, 4))
    probabilities = probability_best(values, seed=0)
    for i, probability in enumerate(probabilities):
        others = [probability_better(values[i] - values[j]) for j in range(5) if j != i]
        assert probability <= min(others) + 0.02


@pytest.mark.parametrize("n", [2, 4, 16])
def test_equal_configurations_are_called_better_as_often_as_the_probability_says(n: int) -> None:
    generator = np.random.default_rng(n)
    probabilities = np.array([probability_better(generator.normal(size=n)) for _ in range(4000)])
    for level in (0.025, 0.5, 0.95, 0.975):
        tolerance = 4 * np.sqrt(level * (1 - level) / 4000)
        assert np.mean(probabilities < level) == pytest.approx(level, abs=tolerance)


@pytest.mark.parametrize("n", [2, 4, 16])
@pytest.mark.parametrize("entries", [2, 6])
def test_one_of_equal_configurations_is_rarely_called_the_best(n: int, entries: int) -> None:
    generator = np.random.default_rng(n)
    draws = [generator.normal(size=(entries, n)) + generator.normal(size=n) for _ in range(200)]
    probabilities = np.array([probability_best(values, seed) for seed, values in enumerate(draws)])
    assert np.mean(probabilities[:, 0] > 0.95) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)
    assert probabilities[:, 0].mean() == pytest.approx(1 / entries, abs=0.1)


def test_probabilities_sum_to_one_and_repeat() -> None:
    values = np.random.default_rng(3).normal(size=(5, 16))
    probabilities = probability_best(values, seed=4)
    assert sum(probabilities) == pytest.approx(1.0)
    assert probabilities == probability_best(values, seed=4)
    assert probabilities != probability_best(values, seed=5)


def test_more_entries_than_replicates_are_no_hindrance() -> None:
    values = np.random.default_rng(10).normal(size=(40, 2))
    assert sum(probability_best(values, seed=0)) == pytest.approx(1.0)


def test_entries_that_tie_share() -> None:
    row = np.random.default_rng(5).normal(size=16)
    assert probability_best(np.stack([row, row, row + 1.0]), seed=0) == [0.5, 0.5, 0.0]


def test_a_difference_that_pairs_well_is_found_under_much_noise() -> None:
    noise = np.random.default_rng(6).normal(0.0, 10.0, 16)
    assert probability_best(np.stack([noise, noise + 0.01]), seed=0) == [1.0, 0.0]


def test_an_entry_that_diverged_once_cannot_be_best() -> None:
    values = np.array([[0.0, np.nan], [5.0, 6.0], [7.0, 8.0]])
    assert probability_best(values, seed=0) == [0.0, 1.0, 0.0]


def test_no_entry_is_best_if_all_diverged() -> None:
    assert probability_best(np.full((2, 3), np.nan), seed=0) == [0.0, 0.0]


def test_one_replicate_decides_alone() -> None:
    assert probability_best(np.array([[2.0], [1.0]]), seed=0) == [0.0, 1.0]
    assert probability_best(np.array([[1.0], [1.0]]), seed=0) == [0.5, 0.5]
    assert probability_better(np.array([-1.0])) == 1.0


def test_the_probability_of_being_better_is_students() -> None:
    # t = -1.5 / 0.5 = -3 with one degree of freedom, whose distribution is Cauchy's.
    assert probability_better(np.array([-1.0, -2.0])) == pytest.approx(0.5 + np.arctan(3.0) / np.pi)
    differences = np.random.default_rng(11).normal(0.3, 1.0, 12)
    expected = stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue
    assert probability_better(differences) == pytest.approx(expected)


def test_without_a_spread_the_mean_decides_alone() -> None:
    assert [probability_better(np.full(3, value)) for value in (-1.0, 0.0, 1.0)] == [1.0, 0.5, 0.0]


@pytest.mark.parametrize("n", [2, 3, 16])
def test_the_probability_of_being_better_agrees_with_the_interval(n: int) -> None:
    generator = np.random.default_rng(n)
    certain = 0
    for _ in range(300):
        differences = generator.normal(-1.0, 1.0, n)
        interval = mean_interval(differences)
        assert interval is not None
        assert interval.ci95 is not None
        assert (probability_better(differences) > 0.975) is (interval.ci95[1] < 0)
        certain += interval.ci95[1] < 0
    assert 0 < certain < 300 or n == 16


def test_without_skewness_the_interval_is_students() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0])  # symmetric about 5
    plain, skewed = mean_interval(values), skewed_interval(values)
    assert plain is not None
    assert skewed is not None
    assert skewed.ci95 == pytest.approx(plain.ci95)
    few = np.array([1.0, 1.0, 1.0, 9.0])
    assert skewed_interval(few) == mean_interval(few)


def test_the_interval_of_skewed_losses_reaches_further_up_and_mirrors() -> None:
    values = np.array([1.0, 1.1, 1.0, 1.2, 1.1, 1.0, 1.3, 4.0])
    plain, skewed, mirrored = mean_interval(values), skewed_interval(values), skewed_interval(-values)
    assert plain is not None
    assert skewed is not None
    assert mirrored is not None
    assert plain.ci95 is not None
    assert skewed.ci95 is not None
    assert mirrored.ci95 is not None
    assert skewed.ci95[0] > plain.ci95[0]
    assert skewed.ci95[1] > plain.ci95[1]
    assert mirrored.ci95 == pytest.approx((-skewed.ci95[1], -skewed.ci95[0]))


def test_the_skewed_interval_is_the_inverse_of_halls_transformation() -> None:
    values = np.random.default_rng(0).lognormal(0.0, 1.0, 16)
    skewed, n = skewed_interval(values), 16
    assert skewed is not None
    assert skewed.ci95 is not None
    deviations = values - values.mean()
    skewness = (deviations**3).mean() / (deviations**2).mean() ** 1.5 * (n * (n - 1)) ** 0.5 / (n - 2)
    a = skewness / n**0.5
    for bound, quantile in zip(skewed.ci95, (2.131449546, -2.131449546), strict=True):  # t(0.975, 15)
        t = (values.mean() - bound) / (values.std(ddof=1) / n**0.5)
        assert t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6 == pytest.approx(quantile)


def coverage(interval: Callable[[NDArray[np.float64]], Mean | None], sigma: float) -> float:
    """How often the interval of 16 lognormal values holds their mean; its binomial scatter is 0.007."""
    samples = np.random.default_rng(1).lognormal(0.0, sigma, (2_000, 16))
    mean = np.exp(sigma**2 / 2)
    intervals = [interval(sample) for sample in samples]
    hits = [
        estimate.ci95[0] <= mean <= estimate.ci95[1]
        for estimate in intervals
        if estimate is not None and estimate.ci95
    ]
    return float(np.mean(hits))


def test_of_lognormal_losses_the_skewed_interval_covers_the_mean_more_often() -> None:
    assert coverage(skewed_interval, 1.0) > coverage(mean_interval, 1.0) + 0.02


def test_of_losses_that_span_decades_the_interval_covers_the_mean_nearly_as_often_as_it_says() -> None:
    assert coverage(skewed_interval, 2.5) < 0.75
    assert coverage(loss_interval, 2.5) > 0.9


def test_an_upper_tail_heavier_than_the_lower_one_is_seen() -> None:
    # Logarithms z below 0 and 3 z above: by Cox's method, which takes one spread for both, 0.23 would cover.
    normal = np.random.default_rng(4).standard_normal((2_000, 64))
    samples = np.exp(np.where(normal > 0.0, 3.0 * normal, normal))
    mean = stats.norm.cdf(3.0) * np.exp(4.5) + stats.norm.cdf(-1.0) * np.exp(0.5)
    intervals = [lognormal_interval(sample) for sample in samples]
    assert np.mean([ends is not None and ends[0] <= mean <= ends[1] for ends in intervals]) > 0.7


def test_one_loss_far_above_the_others_hardly_widens_the_interval() -> None:
    for n, outlier in ((16, 10.0), (64, 10.0), (64, 1000.0)):
        values = np.random.default_rng(6).normal(1.0, 0.01, n)
        values[0] = outlier
        plain, hull = skewed_interval(values), loss_interval(values)
        assert plain is not None
        assert plain.ci95 is not None
        assert hull is not None
        assert hull.ci95 is not None
        assert hull.ci95 == pytest.approx(plain.ci95)


def test_a_few_tiny_losses_drive_the_bounds_apart_far_less_than_by_coxs_method() -> None:
    values = np.random.default_rng(5).lognormal(0.0, 0.3, 64)
    values[:4] *= 1e-12
    hull = loss_interval(values)
    assert hull is not None
    assert hull.ci95 is not None
    assert hull.ci95[1] < 100.0 * values.mean()  # by Cox's method 6e12


def test_the_scatter_of_small_losses_widens_the_interval() -> None:
    normal = np.random.default_rng(7).standard_normal(64)
    logarithms = np.where(normal < 0.0, 2.0 * normal, 0.1 * normal)
    interval = lognormal_interval(np.exp(logarithms))
    assert interval is not None
    upper = 2.0 * (np.maximum(logarithms - logarithms.mean(), 0.0) ** 2).mean()
    error = (logarithms.var(ddof=1) / 64 + 1.25 * upper**2 / 64) ** 0.5
    assert np.ptp(np.log(interval)) == pytest.approx(2 * stats.t.ppf(0.975, 63) * error)


def test_a_bound_beyond_the_floats_gives_no_interval() -> None:
    values = np.exp(np.linspace(0.0, 90.0, 16))  # the centre is about e^440, the upper bound beyond e^709
    assert lognormal_interval(values) is None


def test_of_losses_that_scatter_little_the_hull_is_hardly_wider() -> None:
    values = np.random.default_rng(2).normal(1.0, 0.1, 16)
    plain, hull = skewed_interval(values), loss_interval(values)
    assert plain is not None
    assert plain.ci95 is not None
    assert hull is not None
    assert hull.ci95 is not None
    assert hull.ci95[0] <= plain.ci95[0]
    assert plain.ci95[1] <= hull.ci95[1]
    assert np.ptp(hull.ci95) < 1.1 * np.ptp(plain.ci95)


@pytest.mark.parametrize("values", [[1.0] * 7, [1.0] * 7 + [0.0], [1.0] * 7 + [np.nan], [1e-300, 1e100] * 4])
def test_invalid_losses_have_no_lognormal_interval(values: list[float]) -> None:
    assert lognormal_interval(np.array(values)) is None
    assert loss_interval(np.array(values)) == skewed_interval(np.array(values))


def test_equal_values_have_no_skewness() -> None:
    assert skewed_interval(np.full(16, 2.0)) == Mean(2.0, (2.0, 2.0))


def test_the_largest_share_is_that_of_the_value_which_is_largest_in_size() -> None:
    assert largest_share(np.array([1.0, -3.0, 0.0])) == 0.75
    assert largest_share(np.array([2.0])) == 1.0
    assert largest_share(np.zeros(3)) == largest_share(np.array([1.0, np.nan])) == 0.0
