from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from app.tuning.statistics import Mean, mean_interval, probability_best, probability_better


@pytest.mark.parametrize("n", [2, 3, 16, 256])
def test_the_interval_is_students(n: int) -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, n)
    found = mean_interval(values)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert found is not None
    assert found.ci95 == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_the_interval_of_differences_is_the_paired_one() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(0, 1, 16), generator.normal(0, 1, 16)
    found = mean_interval(a - b)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert found is not None
    assert found.ci95 == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_95_of_100_intervals_cover_the_truth() -> None:
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(2000):
        found = mean_interval(generator.normal(1.0, 5.0, 8))
        assert found is not None and found.ci95 is not None
        covered += found.ci95[0] <= 1.0 <= found.ci95[1]
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)  # four standard errors


def test_equal_values_have_an_interval_without_width() -> None:
    assert mean_interval(np.full(4, 0.5)) == Mean(0.5, (0.5, 0.5))


def test_one_value_has_no_interval_unless_it_is_exact() -> None:
    assert mean_interval(np.array([2.0])) == Mean(2.0, None)
    assert mean_interval(np.array([2.0]), exact=True) == Mean(2.0, (2.0, 2.0))


def test_a_diverged_replicate_leaves_no_mean() -> None:
    assert mean_interval(np.array([1.0, np.nan])) is None
    assert mean_interval(np.array([])) is None


def test_the_probability_of_being_best_is_the_bootstraps_closed_form() -> None:
    # Two replicates, differences -1 and +2: the mean is below zero only where the first is drawn twice.
    values = np.array([[0.0, 2.0], [1.0, 0.0]])
    first, second = probability_best(values, seed=0)
    assert first == pytest.approx(0.25, abs=0.02)
    assert first + second == pytest.approx(1.0)


def test_probabilities_sum_to_one_and_repeat() -> None:
    values = np.random.default_rng(3).normal(size=(5, 16))
    found = probability_best(values, seed=4)
    assert sum(found) == pytest.approx(1.0)
    assert found == probability_best(values, seed=4)
    assert found != probability_best(values, seed=5)


def test_entries_that_tie_share() -> None:
    row = np.random.default_rng(5).normal(size=16)
    assert probability_best(np.stack([row, row, row + 1.0]), seed=0) == [0.5, 0.5, 0.0]


def test_a_difference_that_pairs_well_is_found_under_much_noise() -> None:
    noise = np.random.default_rng(6).normal(0.0, 10.0, 16)
    assert probability_best(np.stack([noise, noise + 0.01]), seed=0) == [1.0, 0.0]


def test_an_entry_that_diverged_once_cannot_be_best() -> None:
    values = np.array([[0.0, np.nan], [5.0, 6.0], [7.0, 8.0]])
    assert probability_best(values, seed=0) == [0.0, 1.0, 0.0]


def test_where_all_diverged_none_is_best() -> None:
    assert probability_best(np.full((2, 3), np.nan), seed=0) == [0.0, 0.0]


def test_one_replicate_decides_alone() -> None:
    assert probability_best(np.array([[2.0], [1.0]]), seed=0) == [0.0, 1.0]


def test_the_probability_of_being_better_counts_means_below_zero() -> None:
    assert probability_better(np.array([-1.0, -2.0]), seed=0) == 1.0
    assert probability_better(np.array([1.0, 2.0]), seed=0) == 0.0
    assert probability_better(np.zeros(3), seed=0) == 0.5
    assert probability_better(np.array([-1.0, 2.0]), seed=0) == pytest.approx(0.25, abs=0.02)
