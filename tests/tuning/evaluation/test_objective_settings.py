"""Searched settings of the objective, such as dropout and l2, from the space to the recommendation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from app.engine.hyper import hyper_fields
from app.engine.losses import LOSSES
from app.engine.models import MODELS
from app.engine.supervised.penalty import PenaltyFields
from app.tuning.evaluation.memory import batch_bytes
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.planning.plan import Plan
from app.tuning.racing.candidates import RaceCandidate, race_field
from app.tuning.recommendation.warnings.all_warnings import unconfirmed_warnings
from app.tuning.space.distributions import given
from app.tuning.space.tree import SearchSpace, hyper_of
from tests.support.jobs import job, run, search, space

MLP: dict[str, Any] = {
    "kind": "mlp",
    "hidden": [8],
    "dropout": {"low": 0.0, "high": 0.5},
    "initialisation_scale": {"choices": [0.5, 2]},
}
OBJECTIVE: dict[str, Any] = {
    "kind": "classification",
    "dataset": "iris",
    "model": MLP,
    "l2": {"low": 1e-6, "high": 1e-2, "log": True},
    "loss": {"kind": "cross_entropy", "label_smoothing": {"choices": [0.1]}},
}
SMALL: dict[str, Any] = {"search_space": space({"kind": "adam"}), "replicates": 1}


def test_settings_are_parameters_named_after_their_part() -> None:
    distributions = SearchSpace.of(job(OBJECTIVE, **SMALL)).distributions()
    assert {name: distributions[name] for name in distributions if not name.startswith("adam")} == {
        "model.initialisation_scale": CategoricalDistribution((0.5, 2.0)),
        "model.dropout": FloatDistribution(0.0, 0.5),
        "l2": FloatDistribution(1e-6, 1e-2, log=True),
    }


def test_a_drawn_configuration_has_every_setting_resolved() -> None:
    spec = job(OBJECTIVE, search_space=space({"kind": "sgd", "learning_rate": 0.1}) | {"batch_size": 32})
    params = {"model.initialisation_scale": 2.0, "model.dropout": 0.3, "l2": 1e-3}
    drawn = SearchSpace.of(spec).walk(given(params))
    assert drawn.settings == params | {"loss.label_smoothing": 0.1}
    assert drawn.params == params


def test_a_fixed_value_is_no_searched_setting() -> None:
    fixed = OBJECTIVE | {"model": {"kind": "mlp", "dropout": 0.2}, "l2": 1e-3, "loss": "cross_entropy"}
    spec = job(fixed, **SMALL)
    assert SearchSpace.of(spec).settings == {}
    built = build_objective(spec.objective)
    assert built.settings["model.dropout"] == 0.2
    assert built.settings["l2"] == 1e-3


def test_a_run_has_the_drawn_values_and_not_the_estimate_values() -> None:
    spec = job(OBJECTIVE, steps=30, **SMALL)
    drawn = search(replace_budget(spec, 1))[0].configuration
    fixed = {
        "model": MLP
        | {name: drawn.settings[f"model.{name}"] for name in ("dropout", "initialisation_scale")},
        "l2": drawn.settings["l2"],
        "loss": {"kind": "cross_entropy", "label_smoothing": 0.1},
    }
    plain = job(OBJECTIVE | fixed, steps=30, **SMALL)
    results = [
        evaluate(Shard(spec=of, numbers=(0,), configurations=(configuration,), replicates=(0, 1)))[0]
        for of, configuration in ((spec, drawn), (plain, replace(drawn, settings={})))
    ]
    assert results[0].values == results[1].values


def test_settings_reach_the_race_the_baselines_and_the_explanation() -> None:
    spec = job(OBJECTIVE, trials=16, steps=40, confirmation={"top": 3, "replicates": 4}, **SMALL)
    trials, recommendation = run(spec)
    names = {"model.initialisation_scale", "model.dropout", "loss.label_smoothing", "l2"}
    assert all(set(trial.configuration.settings) == names for trial in trials)
    assert len({trial.configuration.settings["l2"] for trial in trials}) == 16
    field = race_field(spec, trials)
    assert field[-1].is_default
    assert field[-1].configuration.settings == field[0].configuration.settings
    assert set(recommendation.settings) == names
    assert all(
        set(row.settings) == names
        for row in (*recommendation.evidence.candidates, *recommendation.evidence.baselines)
    )
    assert any("model.dropout" in sentence for sentence in recommendation.explanation)
    assert "l2 " in recommendation.evidence.candidates[0].label


def test_a_value_at_the_edge_of_its_range_is_warned_of_by_its_name() -> None:
    spec = job(OBJECTIVE, trials=1, steps=5, confirmation=None, **SMALL)
    (trial,) = search(spec)
    params = trial.configuration.params | {"l2": 1e-2, "model.dropout": 0.5}
    candidate = RaceCandidate(label="", configuration=trial.configuration, source="search", number=0)
    edge = replace(candidate, configuration=replace(trial.configuration, params=params))
    warnings = unconfirmed_warnings(Plan.of(spec), edge, [trial])
    assert any(warning.startswith("l2, 0.01, is at the upper edge") for warning in warnings)
    assert any(warning.startswith("model's dropout, 0.5, is at the upper edge") for warning in warnings)
    params |= {"model.dropout": 0.0}
    edge = replace(candidate, configuration=replace(trial.configuration, params=params))
    warnings = unconfirmed_warnings(Plan.of(spec), edge, [trial])
    assert not any("dropout" in warning for warning in warnings)  # there is no dropout below zero


def test_memory_is_estimated_with_the_largest_searched_dropout() -> None:
    model = {"kind": "mlp", "hidden": [512]}
    dry, wet = (
        job(OBJECTIVE | {"model": model | {"dropout": rate}}, **SMALL) for rate in (0.0, MLP["dropout"])
    )
    member = (search(replace_budget(dry, 1))[0].configuration.optimizer_instance(), 64)
    assert batch_bytes(wet, [member]) > batch_bytes(dry, [member]) + 512 * 64 * 4


SEARCHABLE = [
    pytest.param(part, field, id=f"{part}{field.name}")
    for part, classes in (
        ("model.", MODELS.values()),
        ("loss.", LOSSES.values()),
        ("", (PenaltyFields,)),
    )
    for cls in classes
    for field in hyper_fields(cls)
    if field.hyper.per_run
]


@pytest.mark.parametrize(("part", "field"), SEARCHABLE)
def test_every_setting_of_a_run_declares_a_search_range(part: str, field: Any) -> None:
    assert field.hyper.search is not None


def test_a_parameter_is_traced_back_to_its_hyperparameter() -> None:
    spec = job(OBJECTIVE, **SMALL)
    assert hyper_of(spec, "model.dropout").lt == 1
    assert hyper_of(spec, "l2").le == 100
    assert hyper_of(spec, "adam.learning_rate").log


def replace_budget(spec: Any, trials: int) -> Any:
    """Return the same job of that many trials."""
    return spec.model_copy(update={"budget": spec.budget.model_copy(update={"trials": trials})})
