"""The example jobs: the files of `examples/`, which Swagger UI shows, and which run unchanged."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.v1.example_jobs import SUMMARIES, folder, job_examples
from app.api.v1.range_tests import CURVES
from app.api.v1.range_tests import EXAMPLES as RANGE_TESTS
from app.api.v1.schedules import EXAMPLES as PREVIEWS
from app.api.v1.schedules import REFINEMENTS
from app.spec.job import JobSpec


def test_every_example_file_is_documented_and_every_documented_example_is_a_file() -> None:
    assert {path.stem for path in folder().glob("*.json")} == set(SUMMARIES)


def test_every_file_ships_in_the_wheel() -> None:
    project = tomllib.loads((folder().parent / "pyproject.toml").read_text())
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in SUMMARIES:
        assert shipped[f"examples/{name}.json"] == f"app/api/example_jobs/{name}.json"


def test_there_are_at_least_three() -> None:
    assert len(job_examples()) >= 3


@pytest.mark.parametrize("name", SUMMARIES)
def test_an_example_job_is_accepted(client: TestClient, name: str) -> None:
    example = job_examples()[name]
    assert example["summary"] == SUMMARIES[name]
    answer = client.post("/v1/jobs", json=example["value"])
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("name", SUMMARIES)
def test_an_example_job_is_small_enough_for_a_minute(name: str) -> None:
    spec = JobSpec.model_validate(job_examples()[name]["value"])
    assert spec.budget.trials * spec.budget.steps <= 200_000


@pytest.mark.parametrize("name", SUMMARIES)
def test_an_example_is_written_as_json_that_people_write(name: str) -> None:
    text = (folder() / f"{name}.json").read_text()
    assert json.loads(text) == job_examples()[name]["value"]
    assert text.endswith("}\n")


@pytest.mark.parametrize("name", PREVIEWS)
def test_an_example_preview_is_accepted(client: TestClient, name: str) -> None:
    answer = client.post("/v1/schedules/preview", json=PREVIEWS[name]["value"])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", REFINEMENTS)
def test_an_example_refinement_is_accepted(client: TestClient, name: str) -> None:
    answer = client.post("/v1/schedules/refine", json=REFINEMENTS[name]["value"])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", RANGE_TESTS)
def test_an_example_range_test_is_accepted(client: TestClient, name: str) -> None:
    answer = client.post("/v1/range-tests", json=RANGE_TESTS[name]["value"])
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("name", CURVES)
def test_an_example_curve_suggests_rates(client: TestClient, name: str) -> None:
    answer = client.post("/v1/range-tests/analyse", json=CURVES[name]["value"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["suggestions"]["valley"] is not None


def documented_examples(client: TestClient, path: str) -> dict[str, Any]:
    """Return the examples of a body, as the document has them."""
    operation = client.get("/openapi.json").json()["paths"][path]["post"]
    examples: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["examples"]
    return examples


def test_each_example_of_the_document_equals_its_file(client: TestClient) -> None:
    shown = documented_examples(client, "/v1/jobs")
    assert set(shown) == set(SUMMARIES)
    for name, example in shown.items():
        assert example["value"] == json.loads((folder() / f"{name}.json").read_text()), name
    assert shown["rosenbrock"]["value"]["confirmation"] is None  # a race of its own would take a minute


@pytest.mark.parametrize(
    ("path", "examples"),
    [
        ("/v1/schedules/preview", PREVIEWS),
        ("/v1/schedules/refine", REFINEMENTS),
        ("/v1/range-tests", RANGE_TESTS),
        ("/v1/range-tests/analyse", CURVES),
    ],
)
def test_each_documented_example_is_the_written_example(client: TestClient, path: str, examples: Any) -> None:
    assert documented_examples(client, path) == examples
