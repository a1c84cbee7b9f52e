"""Sampled values at an edge of their range: each kind of edge has its own way out, or none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.tuning.recommendation.warnings.range_edges import edges_of
from app.tuning.space.distributions import given
from app.tuning.space.tree import SearchSpace
from tests.support.jobs import configuration, job, space

DIGITS = {"kind": "classification", "dataset": "digits", "model": {"kind": "linear"}}


def edges(optimizer: dict[str, Any], value: float, field: str = "learning_rate") -> list[str]:
    """Return the warnings of an optimizer with one searched field, at a value of that field."""
    fixed = {} if field == "learning_rate" else {"learning_rate": 0.01}
    spec = job(search_space=space(fixed | optimizer))
    drawn = SearchSpace.of(spec).walk(given({f"{optimizer['kind']}.{field}": value}))
    return edges_of(spec, drawn)


def schedule_edges(
    schedule: dict[str, Any], optimizer: dict[str, Any] | None = None, **params: Any
) -> list[str]:
    """Return the warnings of a schedule; params: names with two underscores in place of the dot."""
    optimizers = space(optimizer or {"kind": "adam", "learning_rate": 0.01}, schedules=[schedule])
    spec = job(search_space=optimizers)
    drawn = SearchSpace.of(spec).walk(
        given({name.replace("__", "."): value for name, value in params.items()})
    )
    return edges_of(spec, drawn)


def rates(**searched: Any) -> dict[str, Any]:
    return {"kind": "sgd", "learning_rate": searched}


@pytest.mark.parametrize("value", [1e-8, 0.003, 2.0])
def test_the_low_end_of_a_linear_range_over_decades_wants_a_logarithm(value: float) -> None:
    (warning,) = edges(rates(low=1e-8, high=100.0), value)
    assert "is in the lowest 3 % of its linear range, 1e-08 to 100" in warning
    assert warning.endswith("Give learning_rate a range with `log: true`.")
    assert edges(rates(low=1e-8, high=100.0), 50.0) == []


def test_the_same_range_on_a_logarithmic_scale_has_plain_edges() -> None:
    decades = rates(low=1e-8, high=100.0, log=True)
    assert edges(decades, 0.003) == []
    (low,), (high,) = edges(decades, 1.1e-8), edges(decades, 99.0)
    assert "at the lower edge" in low
    assert low.endswith("`low` below 1e-08.")
    assert "at the upper edge" in high
    assert high.endswith("`high` above 100.")


def test_the_high_end_of_a_linear_range_over_decades_wants_a_higher_one() -> None:
    (warning,) = edges(rates(low=1e-8, high=100.0), 99.0)
    assert warning.endswith("`high` above 100.")


def test_a_linear_range_within_two_decades_has_plain_edges() -> None:
    (warning,) = edges(rates(low=0.02, high=1.0), 0.03)
    assert warning.endswith("`low` below 0.02.")


def test_a_grid_over_decades_wants_a_logarithm_in_place_of_its_step() -> None:
    (warning,) = edges(rates(low=0.001, high=1.001, step=0.01), 0.011)
    assert warning.endswith("`log: true`, without `step`.")


def test_a_linear_range_from_zero_wants_a_logarithm_and_a_low_end_above_zero() -> None:
    decay = {"kind": "adam", "weight_decay": {"low": 0.0, "high": 0.1}}
    (warning,) = edges(decay, 0.001, "weight_decay")
    assert warning.endswith("`log: true` and a `low` above 0.")
    assert edges(decay, 0.0, "weight_decay") == []  # it ends there


@pytest.mark.parametrize(
    ("searched", "value", "way_out"),
    [
        ({"low": 0.0, "high": 0.9}, 0.0, None),  # it ends at 0
        ({"low": 0.001, "high": 0.99}, 0.002, None),  # it ends within the edge
        ({"low": 0.2, "high": 0.9}, 0.2, "`low` below 0.2"),
        ({"low": 0.5, "high": 0.99}, 0.99, "`high` above 0.99"),  # 0.999 is another momentum
        ({"low": 0.0, "high": 0.9, "step": 0.3}, 0.9, None),  # the next one would be 1.2
        ({"low": 0.2, "high": 0.6, "step": 0.2}, 0.6, "`high` above 0.6"),
        ({"low": 0.1, "high": 0.9, "step": 0.2}, 0.1, None),
        ({"choices": [0.5, 0.9]}, 0.9, None),
    ],
)
def test_an_end_is_an_edge_only_if_the_hyperparameter_has_values_beyond(
    searched: dict[str, Any], value: float, way_out: str | None
) -> None:
    texts = edges({"kind": "momentum", "momentum": searched}, value, "momentum")
    assert [text.rpartition("with ")[2].removesuffix(".") for text in texts] == ([way_out] if way_out else [])


@pytest.mark.parametrize(
    ("low", "high", "value", "way_out"),
    [
        (1, 100, 1, None),
        (1, 100, 100, None),
        (1, 50, 50, "`high` above 50"),
        (3, 30, 3, "`low` below 3"),
        (3, 30, 4, None),
    ],
)
def test_integers_have_edges_too(low: int, high: int, value: int, way_out: str | None) -> None:
    lbfgs = {"kind": "lbfgs", "learning_rate": 1.0, "history_size": {"low": low, "high": high}}
    spec = job(search_space=space(lbfgs))
    drawn = SearchSpace.of(spec).walk(given({"lbfgs.history_size": value}))
    texts = edges_of(spec, drawn)
    assert [text.rpartition("with ")[2].removesuffix(".") for text in texts] == ([way_out] if way_out else [])


def test_the_last_of_some_batch_sizes_is_no_edge() -> None:
    sizes = space({"kind": "sgd", "learning_rate": 0.1}) | {"batch_size": {"choices": [16, 64]}}
    spec = job(DIGITS, search_space=sizes)
    assert edges_of(spec, SearchSpace.of(spec).walk(given({"batch_size": 64}))) == []


def test_a_default_was_not_sampled_and_has_no_edges() -> None:
    spec = job(search_space=space({"kind": "adam", "learning_rate": {"low": 0.001, "high": 0.01}}))
    assert edges_of(spec, replace(configuration(learning_rate=0.001), params={})) == []


def test_a_parameter_that_is_not_of_the_space_has_no_edges() -> None:
    spec = job(search_space=space({"kind": "adam", "learning_rate": {"low": 0.001, "high": 0.01}}))
    params: dict[str, Any] = {"cosine.final_factor": 0.0}
    winner = configuration(learning_rate=0.005, **params)
    assert edges_of(spec, winner) == []


def test_the_start_of_a_warmup_of_no_updates_is_not_warned_of() -> None:
    for kind in ("cosine", "reduce_on_plateau"):
        warmup = {"kind": kind, "warmup_start_factor": {"low": 0.1, "high": 0.5}}
        params: dict[str, Any] = {f"{kind}__warmup_start_factor": 0.5}
        assert schedule_edges(warmup | {"warmup_fraction": 0.0}, **params) == []
        (warning,) = schedule_edges(warmup | {"warmup_fraction": 0.2}, **params)
        assert f"{kind}'s warmup_start_factor, 0.5, is at the upper edge" in warning


def test_a_momentum_that_the_schedule_replaces_is_not_warned_of() -> None:
    momentum = {"kind": "momentum", "learning_rate": 0.01, "momentum": {"low": 0.5, "high": 0.9}}
    for cycles in (True, False):
        schedule = {
            "kind": "one_cycle",
            "cycle_momentum": cycles,
            "base_momentum": {"low": 0.6, "high": 0.8},
        }
        params = {"momentum__momentum": 0.9, "one_cycle__base_momentum": 0.8}
        (warning,) = schedule_edges(schedule, momentum, **params)
        assert warning.startswith("one_cycle's base_momentum" if cycles else "momentum's momentum")
