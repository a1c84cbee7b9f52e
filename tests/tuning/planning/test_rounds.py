from __future__ import annotations

import logging
import random
import warnings
from itertools import cycle
from typing import Any

import optuna
import pytest

from app.domain.records import FinishedTrial
from app.tuning.planning.plan import Plan
from app.tuning.planning.rounds import Rounds
from app.tuning.search.asking import ask_round
from tests.support.jobs import DIGITS, ended, job, space

TPE, RANDOM, NONE = {"kind": "tpe"}, {"kind": "random"}, {"kind": "none"}


def history(spec: Any, count: int) -> list[FinishedTrial]:
    """Return trials of earlier rounds whose values favour small learning rates; each fifth diverged."""
    plan, trials = Plan.of(spec), list[FinishedTrial]()
    first = ask_round(plan, 0, [])
    for r in range(len(plan.rounds)):
        for number, configuration in zip(plan.rounds.numbers(r), cycle(first), strict=False):
            value = configuration.optimizer["learning_rate"] * (1 + number % 3)
            trials.append(ended(number, r, configuration, None if number % 5 == 4 else value))
    return trials[:count]


@pytest.mark.parametrize(
    ("sampler", "pruner", "sizes"),
    [
        (TPE, {"kind": "hyperband"}, [16, 8, 8, 8]),
        (TPE, NONE, [16, 8, 8, 8]),
        (RANDOM, {"kind": "hyperband"}, [27, 13]),
        (RANDOM, NONE, [40]),
    ],
)
def test_the_size_of_a_round_is_a_rule_of_the_spec(
    sampler: dict[str, str], pruner: dict[str, str], sizes: list[int]
) -> None:
    spec = job(trials=40, sampler=sampler, pruner=pruner)
    ranges = [Plan.of(spec).rounds.numbers(r) for r in range(len(Plan.of(spec).rounds))]
    assert [len(numbers) for numbers in ranges] == sizes
    assert [number for numbers in ranges for number in numbers] == list(range(40))


def test_a_wide_random_job_is_cut_into_rounds_of_at_most_256() -> None:
    spec = job(trials=600, sampler=RANDOM, pruner=NONE)
    assert [len(Plan.of(spec).rounds.numbers(r)) for r in range(len(Plan.of(spec).rounds))] == [256, 256, 88]


def sizes(rounds: Rounds) -> list[int]:
    return [len(rounds.numbers(r)) for r in range(len(rounds))]


def test_rounds_grow_once_the_sampler_has_learned_and_are_asked_ahead() -> None:
    rounds = Rounds.of(job(trials=255, sampler=TPE))
    assert sizes(rounds) == [16] + [8] * 14 + [16] * 4 + [24, 24, 15]
    assert [r - rounds.seen(r) for r in range(len(rounds))] == [0] * 8 + [1] * 14


def test_rounds_of_a_large_budget_are_wider_from_the_start() -> None:
    rounds = Rounds.of(job(trials=640, sampler=TPE))
    assert sizes(rounds) == [32, 32, 32, 48, 64, 96, 128, 128, 80]
    assert [r - rounds.seen(r) for r in range(len(rounds))] == [0, 0, 0] + [1] * 6


def test_rounds_of_expensive_trials_stay_small() -> None:
    large = DIGITS | {"model": {"kind": "mlp", "hidden": [1024, 1024]}}
    rounds = Rounds.of(job(large, trials=640, steps=10_000, sampler=TPE))
    assert set(sizes(rounds)) == {16}


def test_a_trial_number_maps_to_its_round() -> None:
    rounds = Rounds.of(job(trials=100, sampler=TPE))
    assert all(number in rounds.numbers(rounds.round_of(number)) for number in range(100))
    assert rounds.round_of(100) == len(rounds)


def test_a_round_that_is_asked_ahead_does_not_read_the_one_before_it() -> None:
    spec = job(trials=144)
    trials = history(spec, 80)
    assert [trial.round for trial in trials[64:]] == [7] * 8 + [8] * 8
    assert ask_round(Plan.of(spec), 9, trials) == ask_round(Plan.of(spec), 9, trials[:72])
    assert ask_round(Plan.of(spec), 9, trials) != ask_round(Plan.of(spec), 9, trials[:64])


def test_a_round_beyond_the_last_is_refused() -> None:
    with pytest.raises(ValueError, match="round must be from 0 to 2, got 3"):
        Plan.of(job(trials=32)).rounds.numbers(3)


@pytest.mark.parametrize("sampler", [TPE, RANDOM])
def test_two_calls_give_the_same_round(sampler: dict[str, str]) -> None:
    spec = job(trials=64, sampler=sampler)
    trials = history(spec, 32)
    assert ask_round(Plan.of(spec), 2, trials) == ask_round(Plan.of(spec), 2, trials)


def test_the_order_of_the_stored_trials_does_not_matter() -> None:
    spec = job(trials=64)
    trials = history(spec, 32)
    shuffled = random.Random(0).sample(trials, len(trials))
    assert ask_round(Plan.of(spec), 2, shuffled) == ask_round(Plan.of(spec), 2, trials)


def test_the_order_of_a_stored_trials_parameters_does_not_matter() -> None:
    spec = job(trials=64)
    trials = history(spec, 32)
    for trial in trials:  # as a store may return them
        params = trial.configuration.params
        for name in sorted(params, reverse=True):
            params[name] = params.pop(name)
    assert ask_round(Plan.of(spec), 2, trials) == ask_round(Plan.of(spec), 2, history(spec, 32))


def test_trials_of_this_round_and_later_ones_are_ignored() -> None:
    spec = job(trials=64)
    assert ask_round(Plan.of(spec), 1, history(spec, 16)) == ask_round(Plan.of(spec), 1, history(spec, 64))


def test_tpe_reads_the_earlier_trials_and_random_does_not() -> None:
    for sampler, reads in ((TPE, True), (RANDOM, False)):
        spec = job(trials=64, sampler=sampler)
        without = ask_round(Plan.of(spec), 1, [])
        assert (ask_round(Plan.of(spec), 1, history(spec, 16)) != without) is reads


def test_rounds_and_seeds_differ() -> None:
    spec, other = job(trials=64, seed=1), job(trials=64, seed=2)
    first = ask_round(Plan.of(spec), 0, [])
    assert first != ask_round(Plan.of(spec), 1, [])
    assert first != ask_round(Plan.of(other), 0, [])


def test_the_largest_seed_is_accepted() -> None:
    assert ask_round(Plan.of(job(trials=3, seed=2**53 - 1)), 0, [])


def test_tpe_draws_near_good_trials() -> None:
    spec = job(trials=64, sampler=TPE, search_space=space({"kind": "sgd"}))
    trials = history(spec, 48)

    def middle(r: int, given: list[FinishedTrial]) -> float:
        rates = sorted(
            configuration.optimizer["learning_rate"] for configuration in ask_round(Plan.of(spec), r, given)
        )
        return float(rates[len(rates) // 2])

    assert middle(3, trials) < 0.3 * middle(0, [])


def test_a_round_is_spread_out_by_the_trials_that_still_run() -> None:
    spec = job(trials=64, sampler=TPE)
    asked = ask_round(Plan.of(spec), 3, history(spec, 48))
    assert len({str(configuration.params) for configuration in asked}) == len(asked)


def test_asking_neither_warns_nor_logs(caplog: pytest.LogCaptureFixture) -> None:
    optuna.logging.enable_propagation()
    try:
        with warnings.catch_warnings(), caplog.at_level(logging.INFO):
            warnings.simplefilter("error")
            ask_round(Plan.of(job(trials=64)), 0, [])
    finally:
        optuna.logging.disable_propagation()
    assert caplog.text == ""
