"""Moves within a search space: the values that are kept, drawn, or moved across their range."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.tuning.racing.perturbations import GlobalMoves, apply_move, keep_value, local_move
from app.tuning.space.tree import SearchSpace
from tests.support.jobs import configuration, job, space
from tests.support.synthetic_evaluations import COSINE, LOG_RANGE

CONSTANT = {"kind": "constant"}
RATE = "adam.learning_rate"


def of(*optimizers: dict[str, Any], **parts: Any) -> SearchSpace:
    return SearchSpace.of(job(search_space=space(*optimizers, **parts)))


ADAM = {"kind": "adam", "learning_rate": LOG_RANGE}


def test_unchanged_numbers_keep_their_bits() -> None:
    origin = configuration(learning_rate=0.1 / 3)
    moved = apply_move(of(ADAM), origin, keep_value, np.random.default_rng(0))
    assert moved.params == {RATE: 0.1 / 3}
    assert moved.optimizer["learning_rate"] == 0.1 / 3


def test_a_value_of_another_grid_moves_to_the_nearest_grid_value() -> None:
    coarse = {"low": 0.0, "high": 0.96, "step": 0.32}
    moved = apply_move(
        of(ADAM | {"beta1": coarse}), configuration("adam"), keep_value, np.random.default_rng(0)
    )
    assert moved.optimizer["beta1"] == 0.96  # it was 0.9


def test_a_value_outside_the_range_is_drawn_anew() -> None:
    rates = [
        apply_move(
            of(ADAM), configuration(learning_rate=7.0), keep_value, np.random.default_rng(seed)
        ).optimizer["learning_rate"]
        for seed in range(20)
    ]
    assert len(set(rates)) == 20
    assert all(1e-3 <= rate <= 1e-1 for rate in rates)


def test_a_crossing_moves_the_parameter_that_moved_least_often_and_no_other() -> None:
    generator = np.random.default_rng(0)
    two = of(ADAM, schedules=[CONSTANT, COSINE])
    origin = apply_move(two, configuration(), keep_value, generator)
    global_moves = GlobalMoves(generator)
    names = [name for name in origin.params if name != "optimizer"]
    assert names == [RATE, "schedule"]
    rates, schedules = set(), []
    for turn in range(16):
        moved = apply_move(two, origin, global_moves.next(names), generator)
        if turn % 2:
            assert moved.params[RATE] == origin.params[RATE]
            schedules.append(moved.schedule["kind"])
        else:
            assert moved.schedule == origin.schedule
            rates.add(moved.params[RATE])
    assert len(rates) == 8
    assert 3 <= schedules.count("cosine") <= 5  # choices are crossed evenly as well


def test_without_numbers_a_crossing_changes_nothing() -> None:
    origin = apply_move(
        of({"kind": "adam", "learning_rate": 0.01}), configuration(), keep_value, np.random.default_rng(0)
    )
    move = GlobalMoves(np.random.default_rng(0)).next([])
    assert (
        apply_move(of({"kind": "adam", "learning_rate": 0.01}), origin, move, np.random.default_rng(0))
        == origin
    )


def test_a_step_of_no_length_keeps_numbers_and_most_choices() -> None:
    two = of(ADAM, schedules=[CONSTANT, COSINE])
    origin = apply_move(two, configuration(), keep_value, np.random.default_rng(0))
    generator = np.random.default_rng(1)
    moved = [apply_move(two, origin, local_move(0.0, generator), generator) for _ in range(200)]
    assert all(abs(variant.params[RATE] / origin.params[RATE] - 1.0) < 1e-12 for variant in moved)
    changed = sum(variant.schedule["kind"] != origin.schedule["kind"] for variant in moved)
    assert 10 <= changed <= 35  # one of five is drawn anew, and half of these are the same again
