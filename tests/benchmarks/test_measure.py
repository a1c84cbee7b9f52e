"""The timing of actions side by side, on times that are made up."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.measure import Rounds


def test_the_interval_of_a_ratio_holds_its_median_in_19_of_20_series() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        base = generator.uniform(1.0, 2.0, 41)  # a busy machine, alike for both
        rounds = Rounds({"a": list(1.04 * base * generator.lognormal(0.0, 0.05, 41)), "b": list(base)})
        low, high = rounds.interval("a", "b")
        assert low <= rounds.ratio("a", "b") <= high
        held += low <= 1.04 <= high
    assert held / 400 == pytest.approx(0.95, abs=0.04)


def test_few_rounds_give_all_that_they_have() -> None:
    rounds = Rounds({"a": [1.0, 2.0, 3.0], "b": [1.0, 1.0, 1.0]})
    assert rounds.interval("a", "b") == (1.0, 3.0)
