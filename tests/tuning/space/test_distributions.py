from __future__ import annotations

import warnings
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FixedTrial

from app.engine.hyper import Hyper, HyperField
from app.spec.values import Choices, Range
from app.tuning.space.distributions import distribution_of, position, suggest


def field(type: type = float) -> HyperField:
    return HyperField("width", type, type, 1, Hyper("a width"))


def test_a_fixed_value_has_no_distribution() -> None:
    assert distribution_of(field(), 0.25) == 0.25


def test_a_logarithmic_range_is_searched_on_its_logarithm() -> None:
    distribution = distribution_of(field(), Range(low=1e-4, high=1e-1, log=True))
    assert distribution == FloatDistribution(1e-4, 1e-1, log=True)


def test_a_step_that_does_not_divide_the_range_lowers_its_end_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distribution = distribution_of(field(), Range(low=0.1, high=1.0, step=0.2))
    assert distribution == FloatDistribution(0.1, 0.9, step=0.2)


def test_a_step_of_a_tenth_reaches_the_end_of_the_range() -> None:
    distribution = distribution_of(field(), Range(low=0.0, high=0.3, step=0.1))
    assert isinstance(distribution, FloatDistribution)
    assert distribution.high == 0.3


def test_a_range_of_one_value_is_that_value() -> None:
    assert distribution_of(field(), Range(low=0.5, high=0.5)) == 0.5


def test_an_integer_range_holds_the_integers_inside_it() -> None:
    assert distribution_of(field(int), Range(low=1.5, high=8.2)) == IntDistribution(2, 8)


def test_an_integer_range_keeps_its_step_and_its_logarithm() -> None:
    assert distribution_of(field(int), Range(low=1, high=10, step=4)) == IntDistribution(1, 9, step=4)
    assert distribution_of(field(int), Range(low=1, high=64, log=True)) == IntDistribution(1, 64, log=True)


def test_an_integer_range_without_an_integer_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"there is none from 1\.2 to 1\.8; widen"):
        distribution_of(field(int), Range(low=1.2, high=1.8))


def test_choices_of_a_number_take_its_type() -> None:
    distribution = distribution_of(field(), Choices(choices=(1, 0.5)))
    assert isinstance(distribution, CategoricalDistribution)
    assert [type(choice) for choice in distribution.choices] == [float, float]


def test_truth_values_and_names_keep_their_types() -> None:
    flags, names = Choices(choices=(False, True)), Choices(choices=("relu", "tanh"))
    assert distribution_of(field(bool), flags) == CategoricalDistribution((False, True))
    assert distribution_of(field(str), names) == CategoricalDistribution(("relu", "tanh"))


def test_one_choice_is_that_value() -> None:
    assert distribution_of(field(int), Choices(choices=(7,))) == 7


@pytest.mark.parametrize(
    ("distribution", "value"),
    [
        (FloatDistribution(1e-4, 1.0, log=True), 0.01),
        (FloatDistribution(0.1, 0.9, step=0.2), 0.5),
        (IntDistribution(1, 9, step=4), 5),
        (CategoricalDistribution((32, "full")), "full"),
    ],
)
def test_a_suggestion_carries_the_distribution(distribution: Any, value: Any) -> None:
    trial = FixedTrial({"x": value})
    assert suggest(trial, "x", distribution) == value
    assert trial.distributions["x"] == distribution


def test_positions_run_from_edge_to_edge_on_the_scale_of_the_range() -> None:
    assert position(FloatDistribution(1e-4, 1.0, log=True), 1e-2) == pytest.approx(0.5)
    assert position(IntDistribution(0, 10), 10) == 1.0
    assert position(FloatDistribution(2.0, 2.0), 2.0) == 0.0
