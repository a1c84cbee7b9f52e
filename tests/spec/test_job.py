"""The spec of a job: its defaults, its refusals, and the pointers of faults."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from pydantic import ValidationError

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.spec.job import JobSpec
from app.spec.supervised import searched_settings
from app.spec.values import is_searched

ROSENBROCK: dict[str, Any] = {"kind": "function", "name": "rosenbrock"}
MLP: dict[str, Any] = {"kind": "mlp", "hidden": [8]}
RATINGS: dict[str, Any] = {"kind": "factorization", "dataset": "ratings"}
HINGE: dict[str, Any] = {"kind": "hinge"}
DIGITS: dict[str, Any] = {"kind": "classification", "dataset": "digits", "model": MLP}


def parse(**parts: Any) -> JobSpec:
    return JobSpec.model_validate({"objective": ROSENBROCK} | parts)


def refusals(**parts: Any) -> list[tuple[str, str]]:
    """(where, what) of each fault; where is the end of the path, with what the validator added."""
    with pytest.raises(ValidationError) as caught:
        parse(**parts)
    return [
        (str(error.get("ctx", {}).get("at") or error["loc"][-1]), error["msg"])
        for error in caught.value.errors()
    ]


def adam(**fields: Any) -> dict[str, Any]:
    return {"optimizers": [{"kind": "adam"} | fields]}


def lbfgs(**fields: Any) -> dict[str, Any]:
    return {"optimizers": [{"kind": "lbfgs"} | fields]}


def test_an_objective_is_enough() -> None:
    spec = parse()
    assert {optimizer.kind for optimizer in spec.search_space.optimizers} == {
        kind for kind, cls in OPTIMIZERS.items() if cls.default_candidate
    }
    assert [schedule.kind for schedule in spec.search_space.schedules] == ["constant", "cosine"]
    assert (spec.precision, spec.search_space.batch_size, spec.name) == ("float64", None, "rosenbrock")


@pytest.mark.parametrize("space", [{}, {"optimizers": [{"kind": "sgd"}, {"kind": "adamw"}]}])
def test_a_function_searches_no_weight_decay_unless_the_client_gives_a_range(space: dict[str, Any]) -> None:
    candidates = {wire.kind: wire for wire in parse(search_space=space).search_space.optimizers}
    assert candidates["adamw"].model_dump()["weight_decay"] == 0.01
    assert is_searched(candidates["adamw"].learning_rate)  # type: ignore[attr-defined]
    candidates = {
        wire.kind: wire for wire in parse(objective=DIGITS, search_space=space).search_space.optimizers
    }
    assert candidates["adamw"].model_dump()["weight_decay"] == {
        "low": 5e-3,
        "high": 1,
        "log": True,
        "step": None,
    }


@pytest.mark.parametrize("given", [{"low": 1e-3, "high": 0.1, "log": True}, {"choices": [0.0, 0.1]}, 0.5])
def test_a_given_weight_decay_is_kept(given: Any) -> None:
    spec = parse(search_space={"optimizers": [{"kind": "adamw", "weight_decay": given}]})
    kept = spec.model_dump(mode="json")["search_space"]["optimizers"][0]["weight_decay"]
    assert kept == given or given.items() <= kept.items()
    assert JobSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_a_space_without_a_valid_candidate_is_refused() -> None:
    faults = refusals(search_space={"optimizers": ["adamw", {"kind": "nonsense"}, {"kind": ["adamw"]}, {}]})
    assert [at for at, _ in faults[:4]] == ["0", "1", "2", "3"]
    assert refusals(search_space={"optimizers": None})[0][0] == "optimizers"


def test_a_model_gets_batch_sizes_that_fit_its_data_and_single_precision() -> None:
    assert parse(objective=DIGITS).model_dump()["search_space"]["batch_size"] == {"choices": (32, 128)}
    assert parse(objective=DIGITS).precision == "float32"
    iris = parse(objective=DIGITS | {"dataset": "iris"})  # 90 training rows
    assert iris.model_dump()["search_space"]["batch_size"] == {"choices": (32,)}


def test_trials_on_little_data_have_several_replicates_unless_the_client_says_otherwise() -> None:
    assert parse(objective=DIGITS).replicates == 1
    assert parse(objective=DIGITS | {"dataset": "wine"}).replicates == 4
    assert parse(objective=DIGITS | {"dataset": "wine"}, replicates=1).replicates == 1


@pytest.mark.parametrize(
    ("objective", "parts", "replicates"),
    [
        (DIGITS, {}, 16),
        (DIGITS | {"dataset": "wine"}, {}, 64),
        (DIGITS | {"dataset": "wine"}, {"budget": {"steps": 1000}}, 64),
        (DIGITS | {"dataset": "wine"}, {"budget": {"steps": 1001}}, 16),
        (DIGITS | {"dataset": "wine"}, {"confirmation": {"top": 3}}, 64),
        (DIGITS | {"dataset": "wine"}, {"confirmation": {"replicates": 8}}, 8),
        ({"kind": "function", "name": "rosenbrock"}, {}, 64),
    ],
)
def test_cheap_runs_are_confirmed_on_more_seeds_unless_the_client_says_otherwise(
    objective: dict[str, Any], parts: dict[str, Any], replicates: int
) -> None:
    spec = parse(objective=objective, **parts)
    assert spec.confirmation is not None
    assert spec.confirmation.replicates == replicates
    assert parse(objective=objective, confirmation=None).confirmation is None


def test_a_job_that_names_no_budget_has_256_trials_of_500_steps() -> None:
    budget = parse(objective=DIGITS).budget
    assert (budget.trials, budget.steps, budget.seconds) == (256, 500, None)


def test_an_omitted_hyperparameter_is_filled_with_its_range_or_its_default() -> None:
    space = parse(search_space=adam()).model_dump()["search_space"]["optimizers"][0]
    low, high = next(
        field.hyper.search for field in hyper_fields(OPTIMIZERS["adam"]) if field.name == "learning_rate"
    ) or (0, 0)
    assert space["learning_rate"] == {"low": low, "high": high, "log": True, "step": None}
    assert space["beta2"] == 0.999


def test_a_stored_spec_reads_back_as_the_same_spec() -> None:
    for objective in (ROSENBROCK, DIGITS):
        spec = parse(objective=objective)
        assert JobSpec.model_validate(json.loads(spec.model_dump_json())) == spec


def test_the_dimension_follows_the_start() -> None:
    objective = parse(objective=ROSENBROCK | {"start": [1.0, 2.0, 3.0]}).model_dump()["objective"]
    assert objective["dimension"] == 3


def test_the_dimension_defaults_to_that_of_the_function() -> None:
    objective = parse(objective={"kind": "function", "name": "sparse_quadratic"}).model_dump()["objective"]
    assert objective["dimension"] == 20


@pytest.mark.parametrize(
    ("space", "where", "what"),
    [
        (adam(learning_rate={"low": 1.0, "high": 0.1}), "low", "low is 1 and high is 0.1"),
        (adam(learning_rate={"low": 0.0, "high": 0.1}), "low", "must be > 0, got 0"),
        (adam(beta1={"low": 0.5, "high": 1.0}), "high", "must be < 1, got 1"),
        (adam(beta1={"low": 0.0, "high": 0.5, "log": True}), "low", "if log is true"),
        (adam(learning_rate={"low": 0.1, "high": 0.2, "log": True, "step": 0.1}), "step", "drop one"),
        (adam(learning_rate={"low": 0.1, "high": 0.2, "step": 0.0}), "step", "must be > 0"),
        (
            adam(beta1={"low": 0.3, "high": 0.5, "step": 0.21}),
            "step",
            "<= high - low, which is 0.2, got 0.21",
        ),
        (adam(beta1={"low": 0.0, "high": 0.5, "step": 1e-30}), "step", "more than 1,000,000,000 values"),
        (adam(learning_rate={"low": 1e5, "high": 1e6, "step": 1e-11}), "step", "use null for any value"),
        (lbfgs(history_size={"low": 1, "high": 9, "step": 1.5}), "step", "integers, got a step of 1.5"),
        (lbfgs(history_size={"low": 1, "high": 9, "step": 0.5}), "step", "integers, got a step of 0.5"),
        (lbfgs(history_size={"low": 1, "high": 9, "step": 9}), "step", "<= high - low, which is 8, got 9"),
        (adam(beta1={"choices": [0.5, 1.5]}), "choices/1", "must be < 1, got 1.5"),
        (adam(beta1={"choices": [0.5, 0.5]}), "choices/1", "listed twice"),
        (adam(beta1={"choices": ["0.5"]}), "choices/0", "takes numbers"),
        (adam(beta1={"choices": []}), "choices", "at least 1"),
        (adam(beta1=math.nan), "<value>", "finite"),
        (adam(beta1=math.inf), "<value>", "finite"),
        (adam(beta1="0.9"), "<value>", "valid number"),
        (adam(beta1=True), "<value>", "valid number"),
        (adam(beta9=1.0), "beta9", "not permitted"),
        ({"optimizers": [{"kind": "adamm"}]}, "0", "adamm"),
        ({"optimizers": []}, "optimizers", "at least 1"),
        ({"batch_size": 32}, "search_space/batch_size", "must be null for a function, which has no rows"),
    ],
)
def test_a_fault_of_a_search_space_has_its_pointer(space: dict[str, Any], where: str, what: str) -> None:
    faults = refusals(search_space=space)
    assert any(at == where and what in message for at, message in faults), faults


@pytest.mark.parametrize(
    ("objective", "where", "what"),
    [
        (ROSENBROCK | {"name": "rosenbrook"}, "name", "choose one of: "),
        (ROSENBROCK | {"dimension": 1}, "dimension", "dimension >= 2, got 1"),
        (ROSENBROCK | {"dimension": 3, "start": [1.0, 2.0]}, "start", "2 values, but dimension is 3"),
        (ROSENBROCK | {"start": [1.0]}, "start", "start has 1 value, but rosenbrock needs dimension >= 2"),
        (
            ROSENBROCK | {"name": "booth", "dimension": 3},
            "dimension",
            "2 parameters, got dimension 3; set it",
        ),
        (ROSENBROCK | {"name": "booth", "start": [0.0] * 3}, "start", "start has 3 values, but booth is a"),
        (ROSENBROCK | {"noise": -1.0}, "noise", "greater than or equal to 0"),
        (DIGITS | {"dataset": "digit"}, "dataset", "choose one of: "),
        (DIGITS | {"dataset": "diabetes"}, "dataset", "use kind regression"),
        (DIGITS | {"model": {"kind": "mlp", "hidden": ["64"]}}, "0", "must be a number, got '64'"),
        (DIGITS | {"model": {"kind": "mlp", "hidden": [0]}}, "0", "greater than or equal to 1"),
        (
            DIGITS | {"model": {"kind": "embedding_bag"}},
            "model/kind",
            "takes bags of tokens, but digits has dense features; use the model linear or mlp, or one of "
            "the datasets: sparse_classification",
        ),
        (DIGITS | {"dataset": "sparse_classification"}, "model/kind", "use the model embedding_bag, or"),
        (DIGITS | {"dataset": "ratings"}, "dataset", "use kind factorization"),
        (RATINGS | {"model": {"kind": "mlp"}}, "kind", "'matrix_factorization'"),
        (RATINGS | {"loss": "hinge"}, "loss", "hinge is not a loss for numbers"),
        (DIGITS | {"loss": "squared"}, "loss", "squared is not a loss for classes; choose one of: cross"),
        (DIGITS | {"loss": {"kind": "huber"}}, "kind", "huber is not a loss for classes"),
        (DIGITS | {"loss": "focal"}, "loss", "'focal' is not a loss; choose one of: cross_entropy, hinge"),
        (DIGITS | {"loss": {"kind": "hinge", "margin": 2}}, "margin", "not permitted"),
        (DIGITS | {"l2": {"low": 0.0, "high": 1.0, "log": True}}, "low", "if log is true, got 0"),
        (DIGITS | {"model": MLP | {"dropout": {"choices": [0.5, 1.0]}}}, "choices/1", "must be < 1, got 1"),
        (
            DIGITS | {"model": MLP | {"activation": {"choices": ["relu", "tanh"]}}},
            "activation",
            "activation is the same for all trials of a job",
        ),
    ],
)
def test_a_fault_of_an_objective_has_its_pointer(objective: dict[str, Any], where: str, what: str) -> None:
    faults = refusals(objective=objective)
    assert any(at == where and what in message for at, message in faults), faults


def test_a_loss_is_named_or_given_with_its_fields() -> None:
    named, given = parse(objective=DIGITS | {"loss": "hinge"}), parse(objective=DIGITS | {"loss": HINGE})
    assert named == given
    assert named.model_dump()["objective"]["loss"] == HINGE
    default = parse(objective=DIGITS).model_dump()["objective"]["loss"]
    assert default == {"kind": "cross_entropy", "label_smoothing": 0.0}


def test_a_factorization_has_its_one_model_by_default() -> None:
    objective = parse(objective=RATINGS).model_dump()["objective"]
    assert objective["model"] == {"kind": "matrix_factorization", "rank": 8, "initialisation_scale": 1.0}
    assert objective["loss"] == {"kind": "squared"}


def test_settings_of_the_objective_are_searched_if_a_job_gives_a_range() -> None:
    model = {"kind": "mlp", "dropout": {"low": 0.0, "high": 0.5}, "initialisation_scale": {"choices": [1, 2]}}
    objective = parse(objective=DIGITS | {"model": model, "l2": 0.1}).objective
    assert list(searched_settings(objective)) == ["model.initialisation_scale", "model.dropout"]
    assert searched_settings(parse(objective=DIGITS).objective) == {}
    assert searched_settings(parse().objective) == {}


def test_a_batch_size_beyond_the_training_rows_is_refused_with_their_number() -> None:
    faults = refusals(objective=DIGITS, search_space={"batch_size": {"choices": [32, 5000]}})
    assert faults[0][0] == "search_space/batch_size/choices/1"
    assert "1079" in faults[0][1]


@pytest.mark.parametrize("trials", [0, -1, 10**9, 1.5, True, "64"])
def test_a_number_of_trials_out_of_bounds_or_of_another_type_is_refused(trials: object) -> None:
    assert refusals(budget={"trials": trials})[0][0] == "trials"


KINDS = [(noun, registry[kind]) for noun, registry in
         (("optimizers", OPTIMIZERS), ("schedules", SCHEDULES)) for kind in registry]  # fmt: skip
BOUNDED = [
    (noun, cls, field.name, bound, value)
    for noun, cls in KINDS
    for field in hyper_fields(cls)
    if field.type is float
    for bound, value in (
        ("ge", None if field.hyper.ge is None else field.hyper.ge - 1.0),
        ("gt", field.hyper.gt),
        ("le", None if field.hyper.le is None else field.hyper.le + 1.0),
        ("lt", field.hyper.lt),
    )
    if value is not None
]


@pytest.mark.parametrize(
    ("noun", "cls", "name", "bound", "value"),
    BOUNDED,
    ids=[f"{cls.kind}-{name}-{bound}" for _, cls, name, bound, _ in BOUNDED],
)
def test_every_field_of_every_kind_refuses_a_value_beyond_its_bounds(
    noun: str, cls: type, name: str, bound: str, value: float
) -> None:
    kind: str = cls.kind  # type: ignore[attr-defined]
    for wrong in (value, {"choices": [value]}, {"low": value, "high": value}):
        assert refusals(search_space={noun: [{"kind": kind, name: wrong}]}), (bound, wrong)
