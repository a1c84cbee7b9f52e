"""Iterated racing: the positions of offspring, their parents, and their gain."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.tuning.evaluation.requests import Seeds
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import OFFSPRING_PER_TOP, SPREADS, max_offspring
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing
from app.tuning.racing.iterated import offspring, parents
from app.tuning.racing.perturbations import GlobalMoves
from app.tuning.space.distributions import given
from app.tuning.space.tree import SearchSpace
from tests.support.jobs import NOISY, configuration, job, space
from tests.support.synthetic_evaluations import (
    LOG_RANGE,
    NAN,
    SyntheticEvaluations,
    advised,
    bowl,
    spec,
    trials,
)

SPREAD = 0.1
TRIED = {"low": 0.0, "high": 0.99}


def parent(number: int = 7, **parts: Any) -> RaceCandidate:
    config = configuration("adam", 0.01, **parts)
    return RaceCandidate(label="best", configuration=config, source="search", number=number)


def wide(**parts: Any) -> JobSpec:
    body: dict[str, Any] = {
        "confirmation": {"top": 50, "replicates": 16},
        "search_space": space({"kind": "adam", "learning_rate": LOG_RANGE}),
    }
    return job(**({"objective": NOISY} | body | parts))


def drawn(
    spec: JobSpec,
    parents: Sequence[RaceCandidate],
    generation: int = 0,
    spread: float = SPREAD,
    known: Sequence[RaceCandidate] = (),
) -> list[RaceCandidate]:
    return offspring(Plan.of(spec), parents, known, generation, spread, GlobalMoves(np.random.default_rng(0)))


def crossed(new: Sequence[RaceCandidate]) -> list[RaceCandidate]:
    """Return the offspring of global moves: every other candidate, as long as no draw was a repeat."""
    return list(new[::2])


def near(new: Sequence[RaceCandidate]) -> list[RaceCandidate]:
    return list(new[1::2])


def test_every_other_offspring_is_near_its_parent_within_the_range() -> None:
    new = drawn(wide(), [parent()])
    rates = [candidate.configuration.optimizer["learning_rate"] for candidate in near(new)]
    assert len(set(rates)) == OFFSPRING_PER_TOP * 25
    assert min(rates) >= 1e-3
    assert max(rates) <= 1e-1
    steps = [math.log(rate / 0.01) / math.log(100.0) for rate in rates]  # in parts of the range
    within = sum(abs(step) <= SPREAD for step in steps) / len(steps)
    assert 0.5 < within < 0.85
    assert min(steps) < -SPREAD
    assert max(steps) > SPREAD


def test_the_other_offspring_are_uniform_in_the_range() -> None:
    new = drawn(wide(), [parent()])
    rates = [candidate.configuration.optimizer["learning_rate"] for candidate in crossed(new)]
    places = sorted(math.log(rate / 1e-3) / math.log(100.0) for rate in rates)
    gaps = np.diff([0.0, *places, 1.0])
    assert len(places) == 100
    assert gaps.max() < 2.7 / 100


def test_global_moves_change_one_number_and_take_turns() -> None:
    kinds = [{"kind": kind, "learning_rate": LOG_RANGE} for kind in ("adam", "sgd")]
    both = wide(search_space=space(kinds[0] | {"beta1": TRIED}, kinds[1]))
    second = RaceCandidate(label="", configuration=configuration("sgd"), source="search", number=9)
    of = [parent(7, **{"adam.beta1": 0.9}), parent(8, **{"adam.beta1": 0.9}), second]
    new = crossed(drawn(both, of))
    optimizers = {candidate.number: candidate.configuration.optimizer for candidate in of}
    changed = [
        (
            candidate.number,
            [name for name, value in optimizers[candidate.number].items() if value != moved[name]],
        )
        for candidate in new
        for moved in (candidate.configuration.optimizer,)
    ]
    turns = [(7, ["learning_rate"]), (9, ["learning_rate"]), (7, ["beta1"]), (9, ["learning_rate"])]
    assert changed == turns * 25


def test_equal_jobs_draw_equal_offspring_and_generations_differ() -> None:
    first, again, later = (drawn(wide(), [parent()], generation) for generation in (0, 0, 1))
    assert first == again
    assert not any(candidate == other for candidate in near(first) for other in near(later))


def test_most_offspring_keep_the_choices_of_their_parent() -> None:
    several = wide(search_space=space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "adamw"}))
    new = drawn(several, [parent()])
    kinds = [candidate.configuration.optimizer["kind"] for candidate in near(new)]
    assert 5 <= kinds.count("adamw") < 30
    assert len(kinds) == 100
    assert {candidate.configuration.optimizer["kind"] for candidate in crossed(new)} == {"adam"}


def test_an_offspring_of_another_kind_keeps_numbers_of_the_same_field() -> None:
    several = wide(
        search_space=space(
            {"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "adamw", "learning_rate": LOG_RANGE}
        )
    )
    new = [candidate.configuration.optimizer for candidate in drawn(several, [parent()], spread=0.01)]
    others = [optimizer["learning_rate"] for optimizer in new if optimizer["kind"] == "adamw"]
    assert others
    assert all(0.008 < rate < 0.0125 for rate in others)


def test_a_default_is_a_parent_too() -> None:
    default = RaceCandidate(label="adam", configuration=configuration("adam", 0.01), source="baseline")
    new = drawn(wide(), [default], spread=0.01)
    assert new[0].label.startswith("variant of a default: adam at 0.")
    assert all(0.008 < candidate.configuration.optimizer["learning_rate"] < 0.0125 for candidate in near(new))


def test_the_offspring_of_a_default_outside_the_space_lie_inside() -> None:
    beyond = RaceCandidate(label="dog", configuration=configuration("sgd", 7.0), source="baseline")
    new = drawn(wide(), [beyond])
    assert {candidate.configuration.optimizer["kind"] for candidate in new} == {"adam"}
    assert all(1e-3 <= candidate.configuration.optimizer["learning_rate"] <= 1e-1 for candidate in new)


def test_the_better_parent_has_more_offspring() -> None:
    both = [
        parent(),
        RaceCandidate(label="", configuration=configuration("adam", 0.05), source="search", number=8),
    ]
    numbers = [candidate.number for candidate in near(drawn(wide(), both))]
    assert 55 <= numbers.count(7) <= 80


def test_no_offspring_has_a_loss_driven_schedule() -> None:
    driven = wide(
        search_space=space({"kind": "adam"}, schedules=[{"kind": "reduce_on_plateau"}, {"kind": "constant"}])
    )
    new = drawn(driven, [parent()])
    assert {candidate.configuration.schedule["kind"] for candidate in new} == {"constant"}


def test_a_space_without_ranges_has_no_offspring() -> None:
    fixed = {"search_space": space({"kind": "adam", "learning_rate": 0.01})}
    only = SearchSpace.of(spec(**fixed)).walk(given({}))
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations, [replace(trials()[0], configuration=only)], **fixed)
    assert len(evaluations.of(Seeds.RACE)) > 0
    assert evaluations.of(Seeds.NEIGHBOURS) == []


def test_no_offspring_repeats_an_earlier_candidate() -> None:
    few = wide(
        search_space=space({"kind": "adam", "learning_rate": LOG_RANGE | {"log": False, "step": 0.033}})
    )
    first = drawn(few, [parent()])
    assert len(first) == 4  # of the four rates none is that of the parent
    assert drawn(few, [parent()], known=first[:3]) == first[3:]


def test_a_default_outside_the_space_has_no_crossings_if_another_parent_exists() -> None:
    rate_free = RaceCandidate(label="", configuration=configuration("sgd", 1.0), source="baseline")
    new = drawn(wide(), [rate_free, parent()])
    assert {candidate.number for candidate in crossed(new)} == {7}


def test_with_few_seeds_there_are_few_enough_offspring_for_three_seeds_each() -> None:
    for replicates, expected in ((2, 8), (4, 8), (8, 16), (16, 32), (64, 32)):
        assert max_offspring(8, replicates) == expected
        evaluations = SyntheticEvaluations(bowl(0.02), individual=0.5)
        advised(evaluations, confirmation={"top": 8, "replicates": replicates})
        assert (
            replicates < 4
            or max(request.replicates.stop for request in evaluations.of(Seeds.NEIGHBOURS))
            > 2 + Seeds.NEIGHBOURS
        )


def test_an_optimum_between_the_trials_is_found() -> None:
    evaluations = SyntheticEvaluations(bowl(0.02), individual=0.0001)  # the trials are at 0.01 and 0.04
    recommended = advised(evaluations, confirmation={"top": 8, "replicates": 8})
    assert abs(math.log(recommended.optimizer["learning_rate"] / 0.02)) < 0.1


def test_an_optimum_far_from_all_trials_is_found() -> None:
    # It is at the far end of the scale of the decay, and small steps towards it lose.
    def means(config: Configuration, steps: int) -> float:
        decay = config.optimizer.get("weight_decay") or 1e-2
        return 1.0 - 0.5 * (decay > 0.3) + 0.03 * math.log(decay / 1e-4)

    decayed = {
        "kind": "adamw",
        "learning_rate": 0.01,
        "weight_decay": {"low": 1e-4, "high": 1.0, "log": True},
    }
    only = SearchSpace.of(spec(search_space=space(decayed))).walk(given({"adamw.weight_decay": 1e-3}))
    start = [replace(trials()[0], configuration=only)]
    recommended = advised(
        SyntheticEvaluations(means),
        start,
        search_space=space(decayed),
        confirmation={"top": 8, "replicates": 8},
    )
    assert recommended.optimizer["weight_decay"] > 0.3


def test_generations_share_their_seeds_and_a_parent_runs_on_each_once() -> None:
    evaluations = SyntheticEvaluations(bowl(0.02), individual=0.01)
    advised(evaluations, confirmation={"top": 8, "replicates": 16})
    requests = evaluations.of(Seeds.NEIGHBOURS)
    openings = [request for request in requests if request.replicates.start == Seeds.NEIGHBOURS]
    assert len(openings) == len(SPREADS)
    sizes = [len(request.configurations) for request in openings]
    assert sizes[0] > OFFSPRING_PER_TOP * 8
    assert sizes[1:] == [OFFSPRING_PER_TOP * 8] * 2
    ran = [
        (json.dumps([config.optimizer, config.schedule], sort_keys=True), seed)
        for request in requests
        for config in request.configurations
        for seed in request.replicates
    ]
    assert len(set(ran)) == len(ran)


def standing(*rows: tuple[str, list[float], bool]) -> Standing:
    """Return a race of candidates, each with its kind, its values on the first seeds, and its survival."""
    values = np.full((len(rows), 8), np.nan)
    for row, (_, values_of_row, _) in enumerate(rows):
        values[row, : len(values_of_row)] = values_of_row
    return Standing(
        candidates=tuple(
            RaceCandidate(
                label=str(row), configuration=configuration(kind, 0.01 + row), source="search", number=row
            )
            for row, (kind, _, _) in enumerate(rows)
        ),
        values=values,
        runs=tuple(len(values_of_row) for _, values_of_row, _ in rows),
        survivors=tuple(row for row, (_, _, is_left) in enumerate(rows) if is_left),
    )


def numbered(race: Standing, is_first: bool = False) -> list[int | None]:
    both = space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "sgd", "learning_rate": LOG_RANGE})
    return [
        candidate.number for candidate in parents(Plan.of(wide(search_space=both)), race, is_first=is_first)
    ]


LEADER = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]


def test_of_another_kind_the_best_that_may_still_win_is_a_parent() -> None:
    race = standing(
        ("adam", LEADER, True),
        ("adam", [1.1] * 8, True),
        ("sgd", [1.3, 1.9, 1.2, 2.2], False),
        ("sgd", [1.2, 1.9, 1.1, 2.1], False),
        ("adam", [1.3, 1.9, 1.2, 2.2], False),
    )
    assert numbered(race) == [0, 1, 3]


def test_in_the_first_generation_the_best_of_every_kind_is_a_parent_unless_it_diverged() -> None:
    worse = standing(("adam", LEADER, True), ("sgd", [2.0, 3.0, 2.1, 3.0], False))
    assert (numbered(worse), numbered(worse, is_first=True)) == ([0], [0, 1])
    assert numbered(standing(("adam", LEADER, True), ("sgd", [1.0, NAN], False)), is_first=True) == [0]


def test_surely_worse_or_diverged_or_outside_candidates_are_no_parents() -> None:
    assert numbered(standing(("adam", LEADER, True), ("sgd", [2.0, 3.0, 2.1, 3.0], False))) == [0]
    assert numbered(standing(("adam", LEADER, True), ("sgd", [1.0, NAN, 1.0, NAN], False))) == [0]
    assert numbered(standing(("adam", LEADER, True), ("sgd", [1.0], False))) == [0]
    assert numbered(standing(("adam", LEADER, True), ("sgd", [1.0, 2.1], False))) == [0, 1]
    race = standing(("sgd", LEADER, True), ("adam", [1.0, 2.1], False))
    only = wide(search_space=space({"kind": "sgd", "learning_rate": LOG_RANGE}))
    assert [candidate.number for candidate in parents(Plan.of(only), race, is_first=True)] == [0]


def test_a_kind_listed_twice_has_one_such_parent() -> None:
    twice = wide(search_space=space({"kind": "adam"}, {"kind": "sgd"}, {"kind": "sgd"}))
    race = standing(("adam", LEADER, True), ("sgd", [1.0, 2.1], False), ("sgd", [1.0, 2.2], False))
    assert [candidate.number for candidate in parents(Plan.of(twice), race, is_first=False)] == [0, 1]


def test_at_most_four_survivors_are_parents() -> None:
    race = standing(*(("adam", LEADER, True) for _ in range(6)))
    assert numbered(race) == [0, 1, 2, 3]
