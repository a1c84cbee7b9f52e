"""The OpenAPI document: valid, complete, and true to what the server does."""

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

from app.main import create_app
from app.settings import Settings

Json = dict[str, Any]
DOCUMENT: Json = create_app(Settings()).openapi()
TAKES_BODY = {"submit_job", "preview_schedule", "refine_schedule"}


def operations() -> Iterator[tuple[str, str, Json]]:
    for path, verbs in DOCUMENT["paths"].items():
        for verb, operation in verbs.items():
            yield verb, path, operation


OPERATIONS = [pytest.param(*entry, id=entry[2]["operationId"]) for entry in operations()]
each_operation = pytest.mark.parametrize(("verb", "path", "operation"), OPERATIONS)


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_document_is_served(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == DOCUMENT


def test_others_are_served_while_the_document_is_made(
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
        assert client.get("/healthz").status_code == 200 and not document.done()
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
    assert operation["summary"] and operation["description"]
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
