from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from app.tuning.space.distributions import Distribution
from app.tuning.space.unit_cube import Scale, at_quantile, coordinates, external

ALL: list[Distribution] = [
    FloatDistribution(-3.0, 5.0),
    FloatDistribution(1e-5, 10.0, log=True),
    FloatDistribution(0.0, 0.6, step=0.1),
    IntDistribution(1, 7),
    IntDistribution(16, 256, step=16),
    IntDistribution(1, 100, log=True),
    CategoricalDistribution((True, 1, "full", 0.5)),
]


@pytest.mark.parametrize("distribution", ALL, ids=str)
def test_every_drawn_value_is_one_of_the_distributions(distribution: Distribution) -> None:
    quantiles = np.concatenate([[0.0, 1.0 - 1e-16], np.random.default_rng(0).random(200)])
    values: list[Any] = external(distribution, at_quantile(distribution, quantiles))
    for value in values:
        assert distribution._contains(distribution.to_internal_repr(value))


@pytest.mark.parametrize("distribution", ALL, ids=str)
def test_a_value_is_restored_from_its_coordinate(distribution: Distribution) -> None:
    values = external(distribution, at_quantile(distribution, np.random.default_rng(1).random(50)))
    again = external(distribution, coordinates(distribution, values))
    assert [type(value) for value in again] == [type(value) for value in values]
    for value, restored in zip(values, again, strict=True):
        # A logarithm and its inverse round in the last places.
        assert restored == (pytest.approx(value, rel=1e-13) if isinstance(value, float) else value)


def test_a_value_that_is_missing_or_out_of_range_has_no_coordinate() -> None:
    number = coordinates(FloatDistribution(0.0, 1.0), [0.5, None, 2.0])
    choice = coordinates(CategoricalDistribution((1, 2)), [2, None, 3, True])
    assert number.tolist()[0] == 0.5
    assert np.isnan(number).tolist() == [False, True, True]
    assert np.isnan(choice).tolist() == [False, True, True, True]


def test_a_logarithmic_range_is_even_in_the_logarithm() -> None:
    values = external(FloatDistribution(1e-4, 1.0, log=True), np.array([0.0, 0.25, 0.5, 1.0]))
    assert values == pytest.approx([1e-4, 1e-3, 1e-2, 1.0])


def test_the_integers_of_a_range_are_equally_likely() -> None:
    values = external(IntDistribution(1, 4), (np.arange(400) + 0.5) / 400)
    assert [values.count(value) for value in (1, 2, 3, 4)] == [100, 100, 100, 100]


def test_the_cell_of_a_range_is_the_width_of_its_narrowest() -> None:
    assert Scale(FloatDistribution(0.0, 1.0)).cell == 0.0
    assert Scale(IntDistribution(1, 4)).cell == 0.25
    logarithmic = Scale(IntDistribution(1, 4, log=True)).cell
    assert logarithmic == pytest.approx(math.log(4.5 / 3.5) / math.log(4.5 / 0.5))
