from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.spec.job import JobSpec
from app.tuning.space.distributions import given
from app.tuning.space.tree import SearchSpace
from app.tuning.space.unit_cube import uniform
from tests.support.jobs import DIGITS, job, space

COSINE = {"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.2}}


def spec() -> JobSpec:
    optimizers: list[dict[str, Any]] = [
        {"kind": "sgd"},
        {"kind": "adam", "beta1": {"choices": [0.9, 0.95]}},
        {"kind": "adam", "learning_rate": 0.01, "beta2": {"low": 0.9, "high": 0.99}},
    ]
    return job(
        DIGITS,
        search_space=space(*optimizers, schedules=[{"kind": "constant"}, COSINE])
        | {"batch_size": {"choices": [32, "full"]}},
    )


def test_parameters_are_named_as_optunas_users_expect() -> None:
    assert list(SearchSpace.of(spec()).distributions()) == [
        "optimizer",
        "sgd.learning_rate",
        "adam.learning_rate",
        "adam.beta1",
        "adam#2.beta2",
        "schedule",
        "cosine.warmup_fraction",
        "batch_size",
    ]


def test_the_candidates_are_choices_by_label() -> None:
    distributions = SearchSpace.of(spec()).distributions()
    assert distributions["optimizer"] == CategoricalDistribution(("sgd", "adam", "adam#2"))
    assert distributions["schedule"] == CategoricalDistribution(("constant", "cosine"))
    assert distributions["batch_size"] == CategoricalDistribution((32, "full"))


def test_a_trial_has_the_parameters_of_its_branch_alone() -> None:
    params: dict[str, Any] = {
        "optimizer": "adam#2",
        "adam#2.beta2": 0.95,
        "schedule": "cosine",
        "cosine.warmup_fraction": 0.1,
        "batch_size": "full",
    }
    configuration = SearchSpace.of(spec()).walk(given(params))
    assert configuration.params == params
    assert configuration.optimizer == {
        "kind": "adam",
        "learning_rate": 0.01,
        "gradient_clip_norm": 0.0,
        "gradient_clip_value": 0.0,
        "beta1": 0.9,
        "beta2": 0.95,
        "eps": 1e-8,
        "weight_decay": 0.0,
    }
    assert configuration.schedule["warmup_fraction"] == 0.1
    assert (configuration.batch_size, configuration.rows) == ("full", None)


def test_one_candidate_is_no_parameter() -> None:
    small = job(search_space=space({"kind": "sgd"}))
    assert list(SearchSpace.of(small).distributions()) == ["sgd.learning_rate"]


def test_a_space_without_ranges_draws_its_one_point() -> None:
    fixed = job(search_space=space({"kind": "sgd", "learning_rate": 0.5}))
    configuration = SearchSpace.of(fixed).walk(given({}))
    assert configuration.params == {}
    assert configuration.optimizer["learning_rate"] == 0.5


def test_every_drawn_configuration_builds_its_instances_and_lies_in_its_distributions() -> None:
    the_space = SearchSpace.of(spec())
    distributions = the_space.distributions()
    generator = np.random.default_rng(0)
    for _ in range(40):
        configuration = the_space.walk(lambda _, distribution: uniform(distribution, generator))
        assert configuration.optimizer_instance().kind == configuration.optimizer["kind"]
        assert configuration.schedule_instance().kind == configuration.schedule["kind"]
        for name, value in configuration.params.items():
            distribution = distributions[name]
            assert distribution._contains(distribution.to_internal_repr(value))


def test_an_omitted_learning_rate_is_searched_over_the_catalogues_range() -> None:
    distribution = SearchSpace.of(job(search_space=space({"kind": "sgd"}))).distributions()[
        "sgd.learning_rate"
    ]
    assert isinstance(distribution, FloatDistribution)
    assert distribution.log


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_can_be_searched_with_limits_of_its_gradient(kind: str) -> None:
    limits = {
        "gradient_clip_norm": {"low": 0.1, "high": 10.0, "log": True},
        "gradient_clip_value": {"choices": [0.0, 0.5]},
    }
    distributions = SearchSpace.of(
        job(search_space={"optimizers": [{"kind": kind, **limits}]})
    ).distributions()
    assert distributions[f"{kind}.gradient_clip_norm"] == FloatDistribution(0.1, 10.0, log=True)
    assert distributions[f"{kind}.gradient_clip_value"] == CategoricalDistribution((0.0, 0.5))


def test_no_optimizer_shares_its_kind_with_a_schedule() -> None:
    # Their parameters are told apart by the kind in front.
    assert not set(OPTIMIZERS) & set(SCHEDULES)


@pytest.mark.parametrize("kind", list(SCHEDULES))
def test_every_schedule_can_be_the_only_one(kind: str) -> None:
    tree = SearchSpace.of(job(search_space=space({"kind": "sgd"}, schedules=[{"kind": kind}])))
    assert list(tree.schedules) == [kind]
