"""The timing of actions side by side, on invented times."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.measure import Rounds, side_by_side


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


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_each_action_follows_each_other_one_equally_often(count: int) -> None:
    done: list[str] = []
    names = "abcdef"[:count]
    side_by_side({name: partial(done.append, name) for name in names}, repeats=2 * count)
    assert done[:count] == list(names)  # unmeasured
    rounds = [done[i : i + count] for i in range(count, len(done), count)]
    assert len(rounds) == 2 * count
    assert all(sorted(order) == list(names) for order in rounds)
    followed = Counter(pair for order in rounds for pair in pairwise(order))
    assert len(followed) == count * (count - 1)
    assert set(followed.values()) <= {2}


def test_each_action_has_its_times() -> None:
    now = [0.0]

    def take(seconds: float) -> None:
        now[0] += seconds

    actions = {"short": partial(take, 1.0), "long": partial(take, 3.0)}
    rounds = side_by_side(actions, repeats=5, clock=lambda: now[0])
    assert rounds.seconds == {"short": [1.0] * 5, "long": [3.0] * 5}
