from __future__ import annotations

import numpy as np
import pytest

from app.engine.arrays import Array
from app.engine.schedules.table import Table
from app.tuning.schedules.refinement import Norm, norm_for, refined_factors, resample, smooth, table_schedule

BOTH = pytest.mark.parametrize("norm", list(Norm))


def falling(steps: int) -> Array:
    """From 15 to 1 over the first tenth, then 1."""
    return np.interp(np.arange(steps), [0, steps // 10], [15.0, 1.0])


def by_definition(norms: Array, exponent: int, width: int) -> Array:
    """Compute the formula with plain loops."""
    half, last = width // 2, len(norms) - 1
    median = []
    for t in range(len(norms)):
        window = [norms[abs(max(p, 0)) if p <= last else 2 * last - p] for p in range(t - half, t + half + 1)]
        median.append(sorted(window)[half])
    weights = [value**-exponent for value in median]
    factors = [weights[t] * sum(weights[t + 1 :]) for t in range(len(norms))]
    return np.asarray(np.array(factors) / max(factors))


@BOTH
@pytest.mark.parametrize("steps", [2, 3, 10, 1000, 1001])
def test_constant_norms_give_exactly_a_linear_decay(norm: Norm, steps: int) -> None:
    expected = np.arange(steps - 1, -1, -1) / (steps - 1)
    np.testing.assert_array_equal(refined_factors(np.full(steps, 3.7), norm), expected)


def test_norms_that_fall_over_the_first_tenth_give_a_warmup_of_that_length() -> None:
    factors = refined_factors(falling(1000), Norm.L2)
    assert np.argmax(factors) == 100
    assert (np.diff(factors[:101]) > 0).all()
    assert (np.diff(factors[100:]) < 0).all()
    assert factors[0] == pytest.approx(1 / 225, rel=0.01)  # 15^-2; the norms of the warmup add a little


def test_the_l1_norm_is_weighed_by_one_power_less() -> None:
    norms = falling(1000)
    euclidean, sums = refined_factors(norms, Norm.L2, 0.0), refined_factors(norms**2, Norm.L1, 0.0)
    np.testing.assert_allclose(sums, euclidean, rtol=1e-12)  # rounding of the square


@BOTH
def test_it_equals_the_formula_with_plain_loops(norm: Norm) -> None:
    norms = np.random.default_rng(0).lognormal(size=97)
    expected = by_definition(norms, norm.exponent, width=9)
    np.testing.assert_allclose(refined_factors(norms, norm), expected, rtol=1e-12)  # order of the sums


@BOTH
def test_scaling_the_norms_changes_nothing(norm: Norm) -> None:
    norms = np.random.default_rng(1).lognormal(size=200)
    factors = refined_factors(norms, norm)
    np.testing.assert_array_equal(refined_factors(norms * 2.0**-900, norm), factors)
    np.testing.assert_array_equal(refined_factors(norms * 2.0**900, norm), factors)


def test_smoothing_removes_a_spike_and_keeps_a_slope() -> None:
    norms = np.linspace(5.0, 1.0, 100)
    spiked = norms.copy()
    spiked[50] = 1e6
    np.testing.assert_array_equal(smooth(norms, 0.1)[:-5], norms[:-5])
    assert smooth(spiked, 0.1).max() == 5.0


@pytest.mark.parametrize(
    ("smoothing", "steps", "width"), [(0.1, 19, 1), (0.1, 20, 3), (0.1, 100, 11), (0.0, 100, 1)]
)
def test_the_filter_is_as_wide_as_stated(smoothing: float, steps: int, width: int) -> None:
    # A median over w values removes a pulse of w // 2 and keeps one of w // 2 + 1.
    for pulse, kept in ((width // 2, 0.0), (width // 2 + 1, 1.0)):
        norms = np.zeros(steps)
        norms[(steps - pulse) // 2 : (steps - pulse) // 2 + pulse] = 1.0
        assert smooth(norms, smoothing).max() == kept


@BOTH
@pytest.mark.parametrize(
    ("norms", "expected"),
    [
        ([np.inf, 2.0, 1.0], [2.0, 2.0, 1.0]),
        ([2.0, 0.0, 1.0], [2.0, 1.0, 1.0]),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ([np.inf, np.inf], [1.0, 1.0]),
        ([np.inf, 0.0, 0.0], [1.0, 1.0, 1.0]),
    ],
)
def test_infinite_and_zero_norms_count_as_the_ends_of_the_others(
    norms: list[float], expected: list[float], norm: Norm
) -> None:
    np.testing.assert_array_equal(refined_factors(norms, norm, 0.0), refined_factors(expected, norm, 0.0))


@BOTH
def test_norms_over_the_whole_range_of_doubles_keep_a_peak_and_move_at_every_update_but_the_last(
    norm: Norm,
) -> None:
    for norms in ([1e308, 5e-324, 1.0], [1e308, 1e308, 5e-324], [5e-324, 1e308]):
        factors = refined_factors(norms, norm)
        assert factors.max() == 1.0
        assert factors[-1] == 0.0
        assert (factors[:-1] > 0.0).all()


def test_short_runs_have_a_schedule_too() -> None:
    assert refined_factors([3.0], Norm.L2).tolist() == [1.0]
    assert refined_factors([3.0, 0.1], Norm.L2).tolist() == [1.0, 0.0]
    assert refined_factors([2.0, 1.0, 1.0], Norm.L1).tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("norms", [[], [[1.0]], [1.0, -1.0], [1.0, np.nan]])
def test_an_invalid_norm_is_refused(norms: list[float]) -> None:
    with pytest.raises(ValueError, match="norms must be"):
        refined_factors(norms, Norm.L2)


def test_a_longer_run_becomes_a_table_of_a_thousand_factors() -> None:
    factors = refined_factors(falling(1537), Norm.L2)
    table = Table(**{name: value for name, value in table_schedule(factors).items() if name != "kind"})
    assert len(table.factors) == 1000
    assert max(table.factors) == 1.0
    assert table.factors[-1] == 0.0
    distance = np.abs(table.table(1537) - factors)
    assert distance.mean() < 1e-3
    assert distance.max() < 0.1


def test_a_short_run_becomes_a_table_with_a_factor_for_each_update() -> None:
    factors = refined_factors(falling(50), Norm.L2)
    assert table_schedule(factors)["factors"] == factors.tolist()
    assert table_schedule(factors)["kind"] == "table"


def test_another_horizon_keeps_both_ends() -> None:
    np.testing.assert_allclose(resample(np.array([1.0, 0.5, 0.0]), 5), [1.0, 0.75, 0.5, 0.25, 0.0])
    assert resample(np.array([1.0, 0.5, 0.0]), 1).tolist() == [1.0]
    assert resample(np.ones(1), 3).tolist() == [1.0, 1.0, 1.0]


def test_the_norm_follows_from_the_optimizer() -> None:
    assert norm_for("momentum") is Norm.L2
    assert norm_for("adamw") is Norm.L1
    with pytest.raises(KeyError, match="is no optimizer"):
        norm_for("nonsense")
