"""The figures of the benchmarks of rounds and pruners, on invented values."""

from __future__ import annotations

import numpy as np

from app.spec.job import JobSpec
from benchmarks.pruning import gaps_left, won_share
from benchmarks.rounds import AFTER, regrets_of
from benchmarks.whole_searches.lockstep import rounds_of_size, values_of
from benchmarks.whole_searches.problems import by_name


def test_a_tie_is_half_a_win() -> None:
    base = np.array([[1.0, 1.0], [2.0, 2.0]])
    assert won_share(base, base)[0] == 0.5
    assert won_share(base, base - 0.5) == (1.0, 1.0, 1.0)


def test_the_median_of_none_is_one_and_the_best_that_was_found_is_zero() -> None:
    values = {"none": np.array([[1.0, 10.0, 100.0]]), "median": np.array([[1.0, 0.1, 10.0]])}
    gaps = gaps_left(values)
    assert np.median(gaps["none"]) == 1.0
    assert gaps["median"].min() == 0.0


def test_regret_is_one_for_rounds_of_one_after_the_fewest_trials() -> None:
    falling = np.geomspace(1.0, 1e-3, len(AFTER))[None, None, :] * np.array([1.0, 2.0])[None, :, None]
    regrets = regrets_of({1: falling, 8: 3.0 * falling})
    assert np.isclose(regrets[1][:, :, 0].mean(), 1.0)
    assert np.allclose(regrets[1][:, :, -1], 0.0)
    assert (regrets[8] > regrets[1]).all()


def test_searches_in_step_depend_on_their_seed_alone() -> None:
    def spec(seed: int) -> JobSpec:
        budget = {"trials": 6, "steps": 5}
        return by_name("beale").spec(seed, 6, budget=budget, pruner={"kind": "none"})

    rounds = rounds_of_size(6, 4)
    assert rounds.edges == (0, 4, 6)
    both = values_of([spec(0), spec(1)], rounds)
    assert (both[0] != both[1]).any()
    assert np.array_equal(both[:1], values_of([spec(0)], rounds))
