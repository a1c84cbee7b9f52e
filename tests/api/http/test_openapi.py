"""The OpenAPI document: valid, complete, and equal to the behaviour of the server."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from tests.support.openapi import DOCUMENT, Json, operations

TAKES_BODY = {"submit_job", "preview_schedule", "refine_schedule"}


OPERATIONS = [pytest.param(*entry, id=entry[2]["operationId"]) for entry in operations()]
each_operation = pytest.mark.parametrize(("verb", "path", "operation"), OPERATIONS)


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_document_is_served(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == DOCUMENT


def test_other_requests_are_answered_while_the_document_is_generated(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slowly() -> Json:
        begun.set()
        assert goes_on.wait(30)
        return DOCUMENT

    monkeypatch.setattr(app, "openapi", slowly)
    with ThreadPoolExecutor(1) as elsewhere:
        document = elsewhere.submit(client.get, "/openapi.json")
        assert begun.wait(30)
        assert client.get("/healthz").status_code == 200
        assert not document.done()
        goes_on.set()
        assert document.result(30).json() == DOCUMENT


def test_the_operations_are_those_of_the_contract() -> None:
    assert {f"{verb.upper()} {path}" for verb, path, _ in operations()} == {
        "POST /v1/jobs",
        "GET /v1/jobs",
        "GET /v1/jobs/{job_id}",
        "DELETE /v1/jobs/{job_id}",
        "POST /v1/jobs/{job_id}/cancel",
        "POST /v1/jobs/{job_id}/pause",
        "POST /v1/jobs/{job_id}/resume",
        "GET /v1/jobs/{job_id}/events",
        "GET /v1/jobs/{job_id}/trials",
        "GET /v1/jobs/{job_id}/trials/{number}",
        "GET /v1/jobs/{job_id}/trials/{number}/trajectory",
        "POST /v1/jobs/{job_id}/trials/{number}/replay",
        "GET /v1/jobs/{job_id}/trials/{number}/replay",
        "GET /v1/jobs/{job_id}/trajectories",
        "GET /v1/jobs/{job_id}/export",
        "GET /v1/jobs/{job_id}/importances",
        "GET /v1/jobs/{job_id}/recommendation",
        "GET /v1/jobs/{job_id}/recommendation/schedule",
        "GET /v1/jobs/{job_id}/recommendation/module",
        "GET /v1/optimizers",
        "GET /v1/schedules",
        "GET /v1/objectives",
        "GET /v1/samplers",
        "GET /v1/pruners",
        "GET /v1/datasets",
        "POST /v1/schedules/preview",
        "POST /v1/schedules/refine",
        "POST /v1/range-tests",
        "GET /v1/range-tests/{range_test_id}",
        "POST /v1/range-tests/analyse",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }


@each_operation
def test_every_operation_is_described(verb: str, path: str, operation: Json) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter["name"]
        assert {"type": "null"} not in parameter["schema"].get("anyOf", [])


@each_operation
def test_every_operation_documents_its_problems(verb: str, path: str, operation: Json) -> None:
    statuses = {int(status) for status in operation["responses"]}
    expected = {500}
    if "{job_id}" in path:
        expected |= {404}
    if any(parameter["in"] in ("query", "header") for parameter in operation.get("parameters", [])):
        expected |= {422}
    if operation["operationId"] in TAKES_BODY:
        expected |= {413, 415, 422}
    assert expected <= statuses
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            content = response["content"]["application/problem+json"]
            assert list(response["content"]) == ["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert all(example["value"]["status"] == int(status) for example in content["examples"].values())


@each_operation
def test_every_success_has_a_schema(verb: str, path: str, operation: Json) -> None:
    successes = [response for status, response in operation["responses"].items() if int(status) < 300]
    assert len(successes) == 1
    if verb != "delete":
        assert all(content.get("schema") for content in successes[0]["content"].values())


def test_every_schema_is_used_and_described() -> None:
    text = str(DOCUMENT)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert f"#/components/schemas/{name}'" in text, name
        assert schema.get("description") or "[" in schema["title"], name
    assert "HTTPValidationError" not in text


def test_a_job_s_spec_is_documented_as_what_was_posted() -> None:
    spec = DOCUMENT["components"]["schemas"]["Job"]["properties"]["spec"]
    assert spec["$ref"] == "#/components/schemas/JobSpec"


def test_bounds_and_meanings_of_hyperparameters_are_documented() -> None:
    adam = DOCUMENT["components"]["schemas"]["AdamOptimizerSpace"]["properties"]
    assert adam["beta2"]["description"] == "decay of the mean squared gradient"
    plain = next(option for option in adam["beta2"]["oneOf"] if option.get("type") == "number")
    assert (plain["minimum"], plain["exclusiveMaximum"]) == (0, 1)


def parts(node: Any) -> Iterator[Json]:
    """Yield every object within the document."""
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts(value)


SCHEMAS: Json = DOCUMENT["components"]["schemas"]


def test_no_schema_has_a_default_that_generators_of_clients_refuse() -> None:
    for model, schema in SCHEMAS.items():
        for name, field in schema.get("properties", {}).items():
            assert not isinstance(field.get("default"), dict), (model, name)
    rate = SCHEMAS["AdamOptimizerSpace"]["properties"]["learning_rate"]["description"]
    assert rate.startswith("peak learning rate")
    assert '(default: `{"low": 0.0001, "high": 0.1, "log": true' in rate


def test_a_default_that_depends_on_the_objective_is_not_in_the_document() -> None:
    for name in ("JobSpec", "Confirmation"):
        replicates = SCHEMAS[name]["properties"]["replicates"]
        assert "default" not in replicates
        assert "Default: " in replicates["description"]


def test_the_optimizer_of_a_range_test_has_no_default_learning_rate() -> None:
    for option in SCHEMAS["RangeTestSpec"]["properties"]["optimizer"]["oneOf"]:
        fields = SCHEMAS[option["$ref"].rpartition("/")[2]]["properties"]
        assert "default" not in fields["learning_rate"], option


def test_no_inline_schema_takes_the_name_of_another() -> None:
    for name, schema in SCHEMAS.items():
        for field, inline in schema.get("properties", {}).items():
            if inline.get("type") == "object" and "title" in inline:
                assert name + inline["title"].replace(" ", "") not in SCHEMAS, (name, field)


@pytest.mark.parametrize("model", ["Trial", "Recommendation", "Candidate", "Baseline", "OutsideSpace"])
def test_optimizers_and_schedules_of_answers_have_a_discriminator(model: str) -> None:
    for name, registry, example in (
        ("optimizer", OPTIMIZERS, "AdamOptimizer"),
        ("schedule", SCHEDULES, "CosineSchedule"),
    ):
        schema = SCHEMAS[model]["properties"][name]
        assert schema["discriminator"]["propertyName"] == "kind"
        assert set(schema["discriminator"]["mapping"]) == set(registry)
        assert {"$ref": f"#/components/schemas/{example}"} in schema["oneOf"]
        assert SCHEMAS[example]["properties"]["kind"]["const"] == example.removesuffix(name.title()).lower()


def test_factors_of_a_realised_schedule_may_exceed_1_and_factors_of_a_job_may_not() -> None:
    taken = SCHEMAS["Recommendation"]["properties"]["taken_schedule"]
    assert taken["anyOf"] == [{"$ref": "#/components/schemas/TakenTable"}, {"type": "null"}]
    items = {
        name: SCHEMAS[name]["properties"]["factors"]["items"] for name in ("TakenTable", "TableSchedule")
    }
    assert "maximum" not in items["TakenTable"]
    assert items["TableSchedule"]["maximum"] == 1
    assert items["TakenTable"]["minimum"] == 0


def test_every_array_says_what_it_holds() -> None:
    arrays = [part for part in parts(SCHEMAS) if part.get("type") == "array"]
    assert arrays
    assert all("items" in array for array in arrays)
    pairs = [array for array in arrays if "prefixItems" in array]
    assert pairs
    assert all(array["maxItems"] == len(array["prefixItems"]) for array in pairs)


def test_the_example_of_an_event_fits_its_schema() -> None:
    events = DOCUMENT["paths"]["/v1/jobs/{job_id}/events"]["get"]["responses"]["200"]["content"]
    shown = events["text/event-stream"]
    assert set(shown["example"]) == set(shown["schema"]["required"])
    assert shown["example"]["event"] in shown["schema"]["properties"]["event"]["enum"]


def test_the_path_of_modules_answers_texts_alone() -> None:
    content = DOCUMENT["paths"]["/v1/jobs/{job_id}/recommendation/module"]["get"]["responses"]["200"][
        "content"
    ]
    assert set(content) == {"text/csv", "text/x-python"}
    assert all(entry["schema"] == {"type": "string"} for entry in content.values())


def test_no_option_of_a_plain_union_is_a_constant() -> None:
    options = [option for part in parts(SCHEMAS) for option in part.get("anyOf", ())]
    assert options
    assert [option for option in options if "const" in option] == []
    size = SCHEMAS["SearchSpace"]["properties"]["batch_size"]["anyOf"]
    assert {"type": "string", "enum": ["full"]} in size
