"""New configurations near the best: where they lie, that they are found again, what they are worth."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from app.spec.job import JobSpec
from app.tuning.distributions import given
from app.tuning.field import Entry
from app.tuning.heats import Seeds
from app.tuning.neighbours import LITTER, SPREADS, litter
from app.tuning.space import Space
from tests.tuning.jobs import NOISY, configuration, job, space
from tests.tuning.worlds import LOG_RANGE, World, advised, bowl, spec, trials

SPREAD = 0.1
COSINE = {"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.2}}


def parent(number: int = 7, **parts: Any) -> Entry:
    found = configuration("adam", 0.01, **parts)
    return Entry(label="best", configuration=found, source="search", number=number)


def wide(**parts: Any) -> JobSpec:
    body: dict[str, Any] = {
        "confirmation": {"top": 50, "replicates": 4},
        "search_space": space({"kind": "adam", "learning_rate": LOG_RANGE}),
    }
    return job(**({"objective": NOISY} | body | parts))


def test_numbers_lie_around_the_parents_and_within_their_range() -> None:
    rates = [
        found.configuration.optimizer["learning_rate"] for found in litter(wide(), [parent()], 0, SPREAD)
    ]
    assert len(set(rates)) == LITTER * 50 and 1e-3 <= min(rates) and max(rates) <= 1e-1
    steps = [math.log(rate / 0.01) / math.log(100.0) for rate in rates]  # in parts of the range
    within = sum(abs(step) <= SPREAD for step in steps) / len(steps)
    assert 0.5 < within < 0.85 and min(steps) < -SPREAD and max(steps) > SPREAD


def test_a_step_over_an_edge_comes_back() -> None:
    edge = Entry(label="edge", configuration=configuration("adam", 0.1), source="search", number=1)
    rates = [found.configuration.optimizer["learning_rate"] for found in litter(wide(), [edge], 0, SPREAD)]
    assert all(rate < 0.1 for rate in rates)


def test_equal_jobs_draw_equal_ones_and_other_generations_others() -> None:
    first, again, later = (litter(wide(), [parent()], generation, SPREAD) for generation in (0, 0, 1))
    assert first == again
    assert not any(found == other for found in first for other in later)


def test_most_stay_with_the_choices_of_their_parent_and_some_do_not() -> None:
    several = wide(search_space=space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "adamw"}))
    kinds = [found.configuration.optimizer["kind"] for found in litter(several, [parent()], 0, SPREAD)]
    assert 5 <= kinds.count("adamw") < 30 and len(kinds) == 100


def test_a_number_goes_along_to_another_kind_of_the_same_field() -> None:
    several = wide(
        search_space=space(
            {"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "adamw", "learning_rate": LOG_RANGE}
        )
    )
    found = [entry.configuration.optimizer for entry in litter(several, [parent()], 0, 0.01)]
    others = [own["learning_rate"] for own in found if own["kind"] == "adamw"]
    assert others and all(0.008 < rate < 0.0125 for rate in others)


def test_a_default_is_a_parent_too() -> None:
    default = Entry(label="adam", configuration=configuration("adam", 0.01), source="baseline")
    found = litter(wide(), [default], 0, 0.01)
    assert found[0].label.startswith("near a default: adam at 0.")
    assert all(0.008 < entry.configuration.optimizer["learning_rate"] < 0.0125 for entry in found)


def test_the_better_parent_has_more() -> None:
    both = [parent(), Entry(label="", configuration=configuration("adam", 0.05), source="search", number=8)]
    numbers = [found.number for found in litter(wide(), both, 0, SPREAD)]
    assert 55 <= numbers.count(7) <= 80


def test_none_follows_the_losses() -> None:
    driven = wide(
        search_space=space({"kind": "adam"}, schedules=[{"kind": "reduce_on_plateau"}, {"kind": "constant"}])
    )
    found = litter(driven, [parent()], 0, SPREAD)
    assert {entry.configuration.schedule["kind"] for entry in found} == {"constant"}


def test_where_nothing_is_searched_there_is_none() -> None:
    fixed = {"search_space": space({"kind": "adam", "learning_rate": 0.01})}
    only = Space.of(spec(**fixed)).walk(given({}))
    world = World(bowl())
    advised(world, [replace(trials()[0], configuration=only)], **fixed)
    assert len(world.of(Seeds.RACE)) > 0 and world.of(Seeds.NEIGHBOURS) == []


def test_what_lies_between_the_trials_is_found() -> None:
    world = World(bowl(0.02), own=0.0001)  # the trials are at 0.01 and 0.04
    found = advised(world, confirmation={"top": 8, "replicates": 8})
    assert abs(math.log(found.optimizer["learning_rate"] / 0.02)) < 0.1


def test_each_generation_meets_its_parents_on_seeds_of_its_own() -> None:
    world = World(bowl())
    advised(world)
    heats = world.of(Seeds.NEIGHBOURS)
    openings = [heat for heat in heats if heat.replicates.start % 10_000 == 0]
    assert len(openings) == len(SPREADS)
    assert all(len(heat.configurations) > LITTER * 2 for heat in openings)  # top is 2: there are parents too
    seeds = [seed for heat in heats for seed in heat.replicates]
    assert len(set(seeds)) == len(seeds)
