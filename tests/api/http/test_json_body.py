"""What a body may be: JSON, declared as such, of a bounded size, with finite numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.settings import Settings
from tests.support.stored_jobs import BODY

FUNCTION = '{"objective": {"kind": "function", "name": "rosenbrock"'
JSON = {"Content-Type": "application/json"}


def refused(
    client: TestClient, content: bytes | str, status: int, headers: dict[str, str] = JSON
) -> dict[str, Any]:
    """Return the problem that a job of this body gives; require that nothing is stored."""
    answer = client.post("/v1/jobs", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/jobs").json()["items"] == []
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    return body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "line 1, column 1"),
        (b'{"seed": 1,}', "line 1, column 12"),
        (b'{\n"seed": tru}', "line 2, column"),
        (b"{'seed': 1}", "line 1, column 2"),
        (b'{"seed": 1} x', "line 1, column 13"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b'{"name": "\\ud800"}', "line 1, column"),
        (b'\xef\xbb\xbf{"seed": 1}', "line 1, column 1"),
        ('{"seed": 1}'.encode("utf-16"), "line 1, column 1"),
        (b"[" * 5000, "nested too deeply"),
        (b'{"a":' * 5000, "nested too deeply"),
        (b" ", "too early"),
        (b"1" * 5000, "line 1, column"),
    ],
)
def test_malformed_json_is_422_with_its_position(client: TestClient, content: bytes, said: str) -> None:
    problem = refused(client, content, 422)
    assert problem["type"] == "/problems/malformed-json"
    assert said in str(problem["detail"])


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_literal_that_is_no_number_is_refused_with_its_position(client: TestClient, literal: str) -> None:
    content = f'{FUNCTION},\n "noise": {literal}}}}}'
    problem = refused(client, content, 422)
    assert literal in str(problem["detail"])
    assert [fault["pointer"] for fault in problem["errors"]] == ["/objective/noise"]
    assert "line 2, column 1" in str(problem["detail"])


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400 + ".0"])
def test_a_number_beyond_double_precision_is_refused_with_its_pointer(
    client: TestClient, number: str
) -> None:
    content = f'{FUNCTION}, "start": [1, {number}]}}}}'
    assert refused(client, content, 422)["errors"] == [
        {
            "pointer": "/objective/start/1",
            "detail": "must be a finite number; this number is beyond the range of double precision",
        }
    ]


@pytest.mark.parametrize("number", ["1" * 400, "-" + "9" * 4000, "18446744073709551616", "9007199254740993"])
@pytest.mark.parametrize("field", ["seed", "priority", "replicates"])
def test_a_huge_integer_is_refused(client: TestClient, number: str, field: str) -> None:
    problem = refused(client, json.dumps(BODY)[:-1] + f', "{field}": {number}}}', 422)
    assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]


def test_the_character_nul_is_refused_with_its_pointer(client: TestClient) -> None:
    problem = refused(client, json.dumps(BODY | {"name": "a\0b"}), 422)
    assert problem["errors"] == [{"pointer": "/name", "detail": "must not contain the character U+0000"}]


@pytest.mark.parametrize("content", ["", "null", "[]", "3", '"job"', "true"])
def test_a_body_that_is_no_object_is_422(client: TestClient, content: str) -> None:
    assert refused(client, content, 422)["errors"][0]["pointer"] == ""


@pytest.mark.parametrize(
    "declared", [None, "text/plain", "application/x-www-form-urlencoded", "json", "", "text/json"]
)
def test_a_body_that_is_not_declared_as_json_is_415(client: TestClient, declared: str | None) -> None:
    headers = {} if declared is None else {"Content-Type": declared}
    problem = refused(client, json.dumps(BODY), 415, headers)
    assert "application/json" in str(problem["detail"])


@pytest.mark.parametrize(
    "declared", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"]
)
def test_any_content_type_for_json_is_accepted(client: TestClient, declared: str) -> None:
    answer = client.post("/v1/jobs", content=json.dumps(BODY), headers={"Content-Type": declared})
    assert answer.status_code == 202


def test_a_body_over_the_limit_is_413(client: TestClient, settings: Settings) -> None:
    problem = refused(client, b" " * (settings.max_body_bytes + 1), 413)
    assert str(settings.max_body_bytes) in str(problem["detail"])


def test_a_body_over_the_limit_without_a_declared_length_is_413(
    client: TestClient, settings: Settings
) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(settings.max_body_bytes // 65536 + 1):
            yield b" " * 65536

    answer = client.post("/v1/jobs", content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"


def test_a_body_at_the_limit_is_read(client: TestClient, settings: Settings) -> None:
    content = json.dumps(BODY).ljust(settings.max_body_bytes)
    assert client.post("/v1/jobs", content=content, headers=JSON).status_code == 202


def test_a_method_without_a_body_ignores_a_body(client: TestClient, settings: Settings) -> None:
    job_id = client.post("/v1/jobs", json=BODY).json()["id"]
    content = b"x" * (settings.max_body_bytes + 1)
    assert client.post(f"/v1/jobs/{job_id}/cancel", content=content).status_code == 200


def function(**fields: object) -> dict[str, Any]:
    return {"kind": "function", "name": "rosenbrock"} | fields


def adam(learning_rate: object) -> dict[str, Any]:
    return {"optimizers": [{"kind": "adam", "learning_rate": learning_rate}]}


MANY = 250_000
NETWORK = {"kind": "mlp", "hidden": [-1] * MANY}
HUGE: dict[str, tuple[object, str]] = {
    "texts": ({"objective": function(start=["x"] * MANY)}, "/objective/start"),
    "objects": ({"objective": function(start=[{}] * MANY)}, "/objective/start"),
    "truth values": ({"objective": function(start=[True] * 9_999)}, "/objective/start/0"),
    "candidates": ({"objective": function(), "search_space": {"optimizers": [{}] * MANY}}, "/optimizers"),
    "choices": ({"objective": function(), "search_space": adam({"choices": [[]] * MANY})}, "/choices"),
    "batch sizes": (
        {"objective": function(), "search_space": {"batch_size": {"choices": [[]] * MANY}}},
        "/batch_size",
    ),
    "layers": (
        {"objective": {"kind": "classification", "dataset": "iris", "model": NETWORK}},
        "/objective/model/hidden",
    ),
    "names": ({"objective": function(**{f"a{i}": 1 for i in range(80_000)})}, "/objective"),
    "no object": ([1] * 2 * MANY, ""),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_megabyte_of_faults_is_refused_with_the_first_faults(client: TestClient, name: str) -> None:
    spec, pointer = HUGE[name]
    answer = client.post("/v1/jobs", content=json.dumps(spec, separators=(",", ":")), headers=JSON)
    assert answer.status_code == 422
    assert pointer in answer.json()["errors"][0]["pointer"]
    assert len(answer.content) < 10_000  # a fault for each would take seconds to find and megabytes to tell


def test_one_fault_in_a_megabyte_is_found(client: TestClient) -> None:
    spec = {"objective": function(start=[1] * 9_000), "name": ["a"] * 100_000 + ["b\0"]}
    assert refused(client, json.dumps(spec), 422)["errors"] == [
        {"pointer": "/name/100000", "detail": "must not contain the character U+0000"}
    ]


def test_many_faults_of_a_body_are_reported_in_a_bounded_answer(client: TestClient) -> None:
    optimizers = [{"kind": "adam", "beta1": 2, "beta2": 2, "eps": -1}] * 50
    problem = refused(
        client, json.dumps({"objective": function(), "search_space": {"optimizers": optimizers}}), 422
    )
    assert len(problem["errors"]) == 100
    assert "More than 100" in str(problem["detail"])
