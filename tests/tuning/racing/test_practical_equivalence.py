from __future__ import annotations

import numpy as np
import pytest

from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing
from app.tuning.racing.practical_equivalence import contenders, negligible
from tests.support.jobs import configuration

NAN = float("nan")


def standing(*rows: list[float], defaults: tuple[int, ...] = ()) -> Standing:
    """Return a race in which every row survives, in this order; nan if a row did not run on a seed."""
    values = np.array(rows)
    candidates = tuple(
        RaceCandidate(
            label=str(i),
            configuration=configuration(learning_rate=0.01 * (i + 1)),
            source="baseline" if i in defaults else "search",
        )
        for i in range(len(rows))
    )
    runs = tuple(int(count) for count in np.isfinite(values).sum(axis=1))
    return Standing(candidates=candidates, values=values, runs=runs, survivors=tuple(range(len(rows))))


def test_a_twentieth_of_the_gap_to_the_best_default_is_negligible() -> None:
    race = standing([1.0, 1.0], [1.5, 1.5], [4.0, 4.0], [3.0, NAN], defaults=(2, 3))
    assert negligible(race) == pytest.approx(0.05 * 2.0)


def test_nothing_is_negligible_if_a_default_leads() -> None:
    assert negligible(standing([1.0, 1.0], [1.5, 1.5], defaults=(0,))) == 0.0


def test_nothing_is_negligible_if_a_default_is_ahead_on_its_seeds() -> None:
    race = standing([1.0, 1.0, 4.0], [0.5, 0.5, NAN], defaults=(1,))
    assert negligible(race) == 0.0


def test_without_a_default_the_mean_of_the_leader_is_the_measure() -> None:
    race = standing([-1.0, -3.0], [1.5, 1.5])
    assert negligible(race) == pytest.approx(0.05 * 2.0)


def test_contenders_may_be_better_by_more_than_is_negligible() -> None:
    scatter = np.array([1.0, -1.0, 1.0, -1.0])  # a standard error of 0.577
    leader, default = [0.0] * 4, [10.0] * 4  # 0.5 is negligible
    race = standing(
        leader,
        (0.1 + 0.01 * scatter).tolist(),  # certainly as good
        (0.1 + scatter).tolist(),  # by up to 1.05 better
        (0.1 + 2.0 * scatter).tolist(),  # by up to 2.2 better
        (1.0 + scatter).tolist(),  # by up to 0.15 better
        default,
        defaults=(5,),
    )
    assert contenders(race) == [3, 2]


def test_a_shared_scatter_makes_no_contender() -> None:
    common = np.random.default_rng(0).normal(0.0, 5.0, 8)
    race = standing(*((mean + common).tolist() for mean in (0.0, 0.1, 10.0)), defaults=(2,))
    assert contenders(race) == []


def test_a_diverged_candidate_is_no_contender() -> None:
    race = standing([0.0, 0.0, 0.0], [5.0, -9.0, NAN], [10.0, 10.0, 10.0], defaults=(2,))
    race = Standing(candidates=race.candidates, values=race.values, runs=(3, 3, 3), survivors=race.survivors)
    assert contenders(race) == []


def test_a_candidate_without_every_seed_is_no_contender() -> None:
    race = standing([0.0, 0.0, 0.0], [1.0, -9.0, NAN], [1.0, -9.0, 2.0], [10.0, 10.0, 10.0], defaults=(3,))
    assert contenders(race) == [2]


def test_nothing_is_negligible_if_the_leader_diverged() -> None:
    assert negligible(standing([0.0, NAN], [1.0, NAN])) == 0.0
