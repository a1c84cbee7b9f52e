"""The catalogue over HTTP: every registered kind, with its documentation."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.data import DATASETS
from app.engine.initialisations import INITIALISATIONS
from app.engine.models import MODELS
from app.engine.objectives.functions import FUNCTIONS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.errors import NotExportable
from app.spec.search import PRUNERS, SAMPLERS
from app.tuning.exports import FORMATS
from tests.support.kinds import make_optimizer
from tests.support.stored_jobs import recommendation

REGISTRIES: dict[str, Any] = {
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "samplers": SAMPLERS,
    "pruners": PRUNERS,
    "datasets": DATASETS,
    "objectives": ("function", "classification", "regression", "factorization"),
}


def items(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(f"/v1/{path}")
    assert answer.status_code == 200
    return {item["kind"]: item for item in answer.json()["items"]}


@pytest.mark.parametrize("path", REGISTRIES)
def test_every_registered_kind_is_listed_with_a_summary(client: TestClient, path: str) -> None:
    listed = items(client, path)
    assert list(listed) == list(REGISTRIES[path])
    for item in listed.values():
        assert item["summary"].endswith(".")
        assert {"update_rule", "source", "deviations", "hyperparameters"} <= set(item)
        assert all(field["doc"] for field in item["hyperparameters"])


@pytest.mark.parametrize("path", ["optimizers", "schedules"])
def test_optimizers_and_schedules_state_their_rule_and_source(client: TestClient, path: str) -> None:
    for item in items(client, path).values():
        assert item["update_rule"]
        assert item["source"]
        assert "\n" not in item["update_rule"]


def test_a_hyperparameter_says_its_default_bounds_and_search_range(client: TestClient) -> None:
    fields = {field["name"]: field for field in items(client, "optimizers")["adam"]["hyperparameters"]}
    assert fields["learning_rate"] == {
        "name": "learning_rate",
        "type": "number",
        "doc": "peak learning rate; the schedule multiplies it",
        "required": False,
        "default": 0.001,
        "bounds": {"ge": None, "gt": 0, "le": 1e6, "lt": None},
        "choices": None,
        "search": [1e-4, 1e-1],
        "log": True,
        "searched": True,
        "regularises": False,
        "searchable": True,
    }
    assert fields["beta2"]["bounds"] == {"ge": 0, "gt": None, "le": None, "lt": 1}


def test_an_objective_lists_its_models_losses_and_datasets(client: TestClient) -> None:
    listed = items(client, "objectives")
    assert [item["kind"] for item in listed["function"]["functions"]] == list(FUNCTIONS)
    models = {kind: [model["kind"] for model in item["models"]] for kind, item in listed.items()}
    assert models["classification"] == ["embedding_bag", "linear", "mlp"]
    assert models["regression"] == ["linear", "mlp"]
    assert models["factorization"] == ["matrix_factorization"]
    forms = {model["kind"]: model["form"] for item in listed.values() for model in item["models"]}
    assert forms == {kind: cls.form for kind, cls in MODELS.items()}
    assert set(MODELS) == {kind for kinds in models.values() for kind in kinds}
    assert listed["function"]["models"] == listed["classification"]["functions"] == []
    assert "digits" in listed["classification"]["datasets"]
    assert listed["regression"]["datasets"] == ["diabetes", "linear_regression"]
    mlp = next(model for model in listed["classification"]["models"] if model["kind"] == "mlp")
    fields = {field["name"]: field for field in mlp["hyperparameters"]}
    assert fields["hidden"]["default"] == [64]
    assert fields["activation"]["choices"] == [item["kind"] for item in listed["regression"]["activations"]]
    assert fields["initialisation"]["choices"] == list(INITIALISATIONS)


def test_an_objective_lists_its_losses_and_its_searchable_settings(client: TestClient) -> None:
    listed = items(client, "objectives")
    losses = {kind: [loss["kind"] for loss in item["losses"]] for kind, item in listed.items()}
    assert losses["classification"] == ["cross_entropy", "hinge"]
    assert losses["regression"] == losses["factorization"] == ["absolute", "huber", "squared"]
    searchable = {
        field["name"]
        for part in (
            listed["classification"],
            *listed["classification"]["models"],
            *listed["regression"]["losses"],
        )
        for field in part["hyperparameters"]
        if field["searchable"]
    }
    assert searchable == {"l2", "dropout", "initialisation_scale"}


def test_an_objective_s_fields_say_their_type_and_bounds(client: TestClient) -> None:
    fields = {field["name"]: field for field in items(client, "objectives")["function"]["hyperparameters"]}
    assert fields["name"]["required"] is True
    assert fields["name"]["choices"] == list(FUNCTIONS)
    assert (fields["dimension"]["type"], fields["dimension"]["bounds"]["ge"]) == ("integer", 1)
    assert (fields["start"]["type"], fields["start"]["default"]) == ("list", None)
    assert fields["noise"]["default"] == 0


def test_a_function_says_where_it_is_defined_starts_and_ends(client: TestClient) -> None:
    functions = {item["kind"]: item for item in items(client, "objectives")["function"]["functions"]}
    booth = functions["booth"]
    assert (booth["minimum_dimension"], booth["maximum_dimension"], booth["default_dimension"]) == (2, 2, 2)
    assert booth["domain"] == [-10, 10]
    assert booth["start"] == [-5, 8]
    assert booth["optimum"] == {"value": 0, "parameters": [1, 3]}
    assert functions["rosenbrock"]["maximum_dimension"] == 100_000
    assert functions["rosenbrock"]["hessian_dimension"] == 50
    assert functions["saddle"]["optimum"] is None
    assert {kind for kind, item in functions.items() if not item["bounded_below"]} == {
        kind for kind, item in functions.items() if item["optimum"] is None
    }
    assert functions["drifting_quadratic"]["optimum"]["parameters"] == [1, 0]


def test_a_dataset_says_its_size(client: TestClient) -> None:
    digits = items(client, "datasets")["digits"]
    assert (digits["rows"], digits["features"], digits["classes"]) == (1797, 64, 10)
    assert digits["objective"] == "classification"
    assert (digits["form"], digits["sizes"]) == ("features", [64])
    ratings = items(client, "datasets")["ratings"]
    assert (ratings["form"], ratings["sizes"], ratings["classes"]) == ("pairs", [300, 200], None)


def test_a_generated_dataset_states_its_formula(client: TestClient) -> None:
    listed = items(client, "datasets")
    assert "eigenvalues" in listed["linear_regression"]["update_rule"]
    assert listed["digits"]["update_rule"] is None


def test_an_optimizer_says_in_which_frameworks_a_recommendation_exports_it(client: TestClient) -> None:
    formulas = {
        kind: {export["format"]: export["implementation"] for export in item["exports"]}
        for kind, item in items(client, "optimizers").items()
    }
    assert formulas["adam"] == {
        "keras": "keras.optimizers.Adam",
        "optax": "optax.adam",
        "torch": "torch.optim.Adam",
        "transformers": "torch.optim.Adam",
    }
    assert formulas["lfm"] == dict.fromkeys(("keras", "optax", "torch", "transformers"))
    assert formulas["lbfgs"] == dict.fromkeys(("torch", "transformers"), "torch.optim.LBFGS")
    assert formulas["newton"] == {}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_exports_of_the_catalogue_are_the_exports_that_work(client: TestClient, kind: str) -> None:
    exports = {export["format"] for export in items(client, "optimizers")[kind]["exports"]}
    answer = recommendation().model_copy(update={"optimizer": {"kind": kind, **vars(make_optimizer(kind))}})
    for name, chosen in FORMATS.items():
        if chosen.implementation is not None and name not in exports:
            with pytest.raises(NotExportable):
                chosen.render(answer, 10)
        else:
            assert chosen.render(answer, 10)
