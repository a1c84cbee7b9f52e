from __future__ import annotations

import numpy as np
import pytest

from app.tuning.elimination import Standing, eliminate, looks
from app.tuning.field import Entry
from app.tuning.heats import Seeds
from tests.tuning.jobs import ROSENBROCK, configuration, follow
from tests.tuning.worlds import NAN, Means, World, spec

RATES = (0.01, 0.02, 0.03, 0.04, 0.05)
ENTRIES = [
    Entry(label=f"{rate}", configuration=configuration(learning_rate=rate), source="search") for rate in RATES
]


def means(*of: float) -> Means:
    by_rate = dict(zip(RATES, of, strict=True))
    return lambda found, steps: by_rate[found.optimizer["learning_rate"]]


def race(world: World, replicates: int = 8, shares: int | None = None) -> Standing:
    confirmation = {"top": 1, "replicates": replicates}
    return follow(eliminate(spec(confirmation=confirmation), ENTRIES, Seeds.RACE, shares), world)


def runs(world: World) -> int:
    return sum(len(heat.configurations) * len(heat.replicates) for heat in world.heats)


def test_the_lowest_mean_leads_and_what_cannot_win_is_dropped() -> None:
    world = World(means(2.0, 1.0, 3.0, 1.001, 4.0), own=0.01)
    standing = race(world)
    assert standing.survivors[0] in (1, 3) and set(standing.survivors) == {1, 3}
    sizes = [len(heat.configurations) for heat in world.heats]
    assert (sizes[0], sizes[-1]) == (5, 2) and sizes == sorted(sizes, reverse=True)


def test_what_the_dropped_leave_is_spent_where_the_decision_is_close() -> None:
    world = World(means(2.0, 1.0, 3.0, 1.001, 4.0), own=0.01)
    assert race(world).seeds > 8
    assert runs(world) <= 5 * 8


def test_where_nothing_can_be_dropped_every_entry_has_its_replicates() -> None:
    world = World(means(1.0, 1.0, 1.0, 1.0, 1.0), own=0.0)
    standing = race(world)
    assert (standing.seeds, len(standing.survivors), runs(world)) == (8, 5, 40)


def test_every_look_runs_on_fresh_seeds_that_all_who_are_left_share() -> None:
    world = World(means(2.0, 1.0, 3.0, 1.001, 4.0), own=0.01)
    standing = race(world)
    seeds = [replicate for heat in world.heats for replicate in heat.replicates]
    assert seeds == list(range(Seeds.RACE, Seeds.RACE + standing.seeds))
    assert np.isfinite(standing.values[list(standing.survivors)]).all()


def test_a_race_that_is_decided_stops() -> None:
    world = World(means(2.0, 1.0, 3.0, 4.0, 5.0))
    assert race(world).survivors == (1,)
    assert runs(world) < 5 * 8


def test_ties_go_to_the_first() -> None:
    assert race(World(means(2.0, 1.0, 1.0, 1.0, 2.0), own=0.0)).leader == 1


def test_an_entry_that_diverges_more_often_than_the_leader_is_dropped() -> None:
    standing = race(World(means(NAN, 2.0, NAN, 1.0, 1.5)))
    assert standing.leader == 3 and not {0, 2} & set(standing.survivors)


def test_where_all_diverge_the_first_leads() -> None:
    standing = race(World(means(NAN, NAN, NAN, NAN, NAN)))
    assert standing.leader == 0


def test_where_the_budget_is_short_the_better_half_goes_on() -> None:
    means_of = [1.0 + i / 100 for i in range(12)]
    entries = [
        Entry(label="", configuration=configuration(learning_rate=0.001 * (i + 1)), source="search")
        for i in range(12)
    ]
    world = World(lambda found, steps: means_of[round(found.optimizer["learning_rate"] * 1000) - 1], own=0.1)
    confirmation = {"top": 1, "replicates": 16}
    standing = follow(eliminate(spec(confirmation=confirmation), entries, Seeds.RACE, 6), world)
    sizes = [len(heat.configurations) for heat in world.heats]
    assert sizes[:2] == [12, 6] and runs(world) <= 6 * 16
    assert standing.seeds > 8


def test_one_run_each_decides_where_all_replicates_are_the_same() -> None:
    world = World(means(2.0, 1.0, 3.0, 1.001, 4.0), common=0.0, own=0.0)
    standing = follow(eliminate(spec(objective=ROSENBROCK), ENTRIES, Seeds.RACE), world)
    assert (standing.leader, standing.seeds, runs(world)) == (1, 1, 5)


def test_the_best_in_truth_is_rarely_dropped() -> None:
    # 0.05 at most by the correction; equal entries, so that every drop is an error of one of four pairs.
    dropped = 0
    for start in range(200):
        world = World(lambda found, steps, s=start: 0.0, common=0.0, own=1.0)
        generator = np.random.default_rng(start)
        world._value = lambda found, replicate, steps, g=generator: float(g.standard_normal())  # type: ignore[method-assign]
        dropped += 0 not in race(world).survivors
    assert dropped <= 0.05 * 200 + 3 * (0.05 * 0.95 * 200) ** 0.5  # three standard deviations


@pytest.mark.parametrize(
    ("replicates", "marks"), [(1, [1]), (2, [2, 4, 8]), (4, [2, 4, 8, 16]), (16, [4, 8, 16, 32, 64])]
)
def test_looks_are_after_a_quarter_of_the_replicates_and_each_doubling(
    replicates: int, marks: list[int]
) -> None:
    assert looks(replicates) == marks
