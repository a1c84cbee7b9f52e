"""Every example of `/docs` runs unchanged, or the page says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app import dashboard
from tests.support.commands import MINUTES_S, run
from tests.support.server import Server, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MINUTES_S)]

HERE = Path(__file__).resolve().parent
SCRIPT = Path(dashboard.__file__).parent / "static" / "docs.js"
REASON = "**It would fail now:**"
JOB = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 2, "steps": 10},
    "confirmation": None,
}
LAST = {"pause_job": 1, "cancel_job": 2, "delete_job": 3}
LONG = JOB | {"budget": {"trials": 2, "steps": 1_000_000}}
RANGE_TEST = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "optimizer": {"kind": "sgd"},
    "steps": 20,
}


def page(server: Server, folder: Path) -> dict[str, Any]:
    """Return the document as the page shows it."""
    tried: dict[str, Any] = json.loads(
        run("node", HERE / "docs_page.mjs", SCRIPT, str(server.http.base_url).rstrip("/"), cwd=folder)
    )
    return tried


def tried_out(document: dict[str, Any], server: Server) -> Iterator[tuple[str, str, httpx2.Response]]:
    """Yield each operation, what the page says of it, and what its first example answers."""
    verbs = [
        (path, verb, op) for path, operations in document["paths"].items() for verb, op in operations.items()
    ]
    # What changes a job comes last: pause before cancel, which may be of the same job.
    for path, verb, operation in sorted(verbs, key=lambda entry: LAST.get(entry[2]["operationId"], 0)):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example", "none")))
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        body = None if content is None else next(iter(content["examples"].values()))["value"]
        answer = server.http.request(verb, path, json=body)
        yield operation["operationId"], operation["description"], answer


def submitted(server: Server, path: str, body: dict[str, Any], ends: bool = True) -> str:
    """Return the id of a job, once it has ended."""
    job_id: str = server.http.post(path, json=body).json()["id"]
    if ends:
        wait_for(lambda: state(server, job_id) == "succeeded", 60, lambda: f"{job_id} to succeed")
    return job_id


def state(server: Server, job_id: str) -> str:
    """Return the state of a job."""
    return str(server.http.get(f"/v1/jobs/{job_id}").json()["state"])


@pytest.fixture
def fresh(tools: Path, tmp_path: Path) -> Iterator[Server]:
    """Yield a server without a job."""
    with Server(tmp_path / "server") as running:
        yield running


def test_without_a_job_the_page_names_the_failing_examples(fresh: Server, tmp_path: Path) -> None:
    for name, text, answer in tried_out(page(fresh, tmp_path), fresh):
        assert answer.is_success or (text.startswith(REASON) and answer.is_client_error), (name, answer.text)
        assert not (answer.is_success and text.startswith(REASON)), name


def test_with_jobs_of_every_kind_every_example_runs_unchanged(fresh: Server, tmp_path: Path) -> None:
    first = submitted(fresh, "/v1/jobs", JOB)
    answered = submitted(fresh, "/v1/jobs", JOB | {"seed": 1})
    test = submitted(fresh, "/v1/range-tests", RANGE_TEST)  # the newest job that succeeded
    fresh.http.post(f"/v1/jobs/{answered}/trials/0/replay")
    paused = submitted(fresh, "/v1/jobs", LONG, ends=False)
    fresh.http.post(f"/v1/jobs/{paused}/pause")
    running = submitted(fresh, "/v1/jobs", LONG, ends=False)
    document = page(fresh, tmp_path)
    shown = {
        operation["operationId"]: parameter.get("example")
        for operations in document["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] in ("job_id", "range_test_id")
    }
    assert shown["get_recommendation"] == shown["get_trial"] == shown["get_replay"] == answered
    assert shown["get_range_test"] == test
    assert (shown["resume_job"], shown["pause_job"], shown["delete_job"]) == (paused, running, first)
    for name, text, answer in tried_out(document, fresh):
        assert not text.startswith(REASON), name
        assert answer.is_success, (name, answer.text)
