from __future__ import annotations

from typing import Any

import pytest

from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from app.tuning.space.enqueue import check_enqueued
from tests.support.jobs import DIGITS, job, space

TWO = space({"kind": "adam"}, {"kind": "momentum"}, schedules=[{"kind": "constant"}, {"kind": "cosine"}])


def test_the_given_configurations_are_the_first_trials() -> None:
    given = [{"optimizer": "adam", "adam.learning_rate": 0.05, "schedule": "cosine"}, {"schedule": "cosine"}]
    spec = job(search_space=TWO, enqueue=given)
    assert check_enqueued(spec) == []
    asked = ask_round(Plan.of(spec), 0, [])
    assert len(asked) == len(Plan.of(spec).rounds.numbers(0))
    assert asked[0].optimizer["learning_rate"] == 0.05
    assert asked[0].schedule["kind"] == "cosine"
    assert asked[1].schedule["kind"] == "cosine"


def test_parameters_imply_their_optimizer() -> None:
    spec = job(search_space=TWO, enqueue=[{"momentum.learning_rate": 0.01}])
    first = ask_round(Plan.of(spec), 0, [])[0]
    assert (first.optimizer["kind"], first.optimizer["learning_rate"]) == ("momentum", 0.01)
    assert first.params["optimizer"] == "momentum"


def test_omitted_values_are_drawn_the_same_at_each_call() -> None:
    first, again, other = (
        ask_round(Plan.of(job(search_space=TWO, enqueue=[{}, {}], seed=seed)), 0, [])[:2]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert first[0] != first[1]


def test_a_trials_parameters_can_be_given_as_they_are_shown() -> None:
    batch = space({"kind": "adam"}) | {"batch_size": {"choices": [32, "full"]}}
    shown = ask_round(Plan.of(job(DIGITS, search_space=batch)), 0, [])[3]
    spec = job(DIGITS, search_space=batch, enqueue=[shown.params], seed=5)
    assert check_enqueued(spec) == []
    assert ask_round(Plan.of(spec), 0, [])[0] == shown


def test_a_whole_number_is_accepted_for_a_float() -> None:
    wide = space({"kind": "adam", "learning_rate": {"low": 0.1, "high": 2.0}})
    configuration = ask_round(Plan.of(job(search_space=wide, enqueue=[{"adam.learning_rate": 1}])), 0, [])[0]
    assert isinstance(configuration.params["adam.learning_rate"], float)


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        ({"adam.learning_rate": 9}, "/enqueue/0/adam.learning_rate", "must be from 0.0001 to 0.1, got 9"),
        ({"adam.learning_rate": True}, "/enqueue/0/adam.learning_rate", "got True"),
        ({"optimizer": "lion"}, "/enqueue/0/optimizer", "one of 'adam', 'momentum', got 'lion'"),
        ({"lion.beta1": 0.9}, "/enqueue/0/lion.beta1", "is no parameter of this search space; take one of"),
        ({"a/b": 1}, "/enqueue/0/a~1b", "is no parameter"),
        ({"adam.eps": 0.1}, "/enqueue/0/adam.eps", "is 1e-08 in this search space, got 0.1"),
        (
            {"optimizer": "momentum", "adam.learning_rate": 0.01},
            "/enqueue/0/adam.learning_rate",
            "belongs to adam, and the optimizer here is momentum",
        ),
    ],
)
def test_values_outside_the_space_are_refused_by_name(
    given: dict[str, Any], pointer: str, detail: str
) -> None:
    ((reported, message),) = check_enqueued(job(search_space=TWO, enqueue=[given]))
    assert reported == pointer
    assert detail in message


def test_a_fixed_value_may_be_named() -> None:
    only = job(search_space=space({"kind": "adam"}), enqueue=[{"optimizer": "adam", "adam.beta1": 0.9}])
    assert check_enqueued(only) == []
    assert ask_round(Plan.of(only), 0, [])[0].optimizer["beta1"] == 0.9


def test_enqueued_configurations_take_no_cell_of_a_grid() -> None:
    adam = {
        "kind": "adam",
        "learning_rate": {"choices": [0.1, 0.01, 0.001]},
        "beta1": {"choices": [0.5, 0.9]},
    }
    given = [{"adam.beta1": 0.9}] * 3
    spec = job(trials=50, search_space=space(adam), sampler={"kind": "grid"}, enqueue=given)
    asked = [
        configuration
        for r in range(len(Plan.of(spec).rounds))
        for configuration in ask_round(Plan.of(spec), r, [])
    ]
    assert len(asked) == 3 + 6
    assert len({str(sorted(configuration.params.items())) for configuration in asked[3:]}) == 6
