"""Jobs over HTTP."""

from __future__ import annotations

import base64
import re

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.settings import Settings
from tests.support.stored_jobs import BODY, store_running_job


def submit(client: TestClient, **parts: object) -> str:
    answer = client.post("/v1/jobs", json=BODY | parts)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_submitting_answers_202_with_the_address_of_a_queued_job(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json=BODY)
    job = answer.json()
    assert (answer.status_code, job["state"]) == (202, "queued")
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert client.get(answer.headers["location"]).json() == job


def test_a_job_has_every_key_of_the_contract_and_every_default_of_its_spec(client: TestClient) -> None:
    job = client.get(f"/v1/jobs/{submit(client)}").json()
    assert set(job) == {
        *("id", "name", "state", "reason", "spec", "progress", "best", "error"),
        "estimate",
        *("created_at", "started_at", "finished_at"),
    }
    assert set(job["progress"]) == {
        *("trials_total", "trials_completed", "trials_pruned", "trials_diverged", "trials_failed"),
        *("trials_running", "stage", "fraction", "eta_s"),
    }
    assert job["spec"]["precision"] == "float64"
    assert job["spec"]["sampler"] == {"kind": "auto"}


def test_a_dry_run_answers_the_cost_and_stores_nothing(client: TestClient) -> None:
    answer = client.post("/v1/jobs", params={"dry_run": True}, json=BODY)
    assert answer.status_code == 200
    cost = answer.json()
    assert set(cost) == {"operations", "seconds_on_one_core", "bytes_stored", "runs"}
    assert all(value > 0 for value in cost.values())
    assert client.get("/v1/jobs").json()["items"] == []
    job = client.get(f"/v1/jobs/{submit(client)}").json()
    assert job["estimate"] == cost


def test_a_dry_run_answers_for_a_job_above_the_quota(client: TestClient) -> None:
    large = BODY | {"budget": {"trials": 100_000, "steps": 10_000_000}}
    assert client.post("/v1/jobs", json=large).status_code == 422
    answer = client.post("/v1/jobs", params={"dry_run": True}, json=large)
    assert answer.status_code == 200
    assert answer.json()["runs"] > 100_000


def test_a_dry_run_refuses_a_job_that_no_server_could_run(client: TestClient) -> None:
    unfit = BODY | {"enqueue": [{"no.such": 1.0}]}
    answer = client.post("/v1/jobs", params={"dry_run": True}, json=unfit)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/enqueue/0/no.such"


def test_times_are_utc_with_a_z(client: TestClient) -> None:
    job = client.get(f"/v1/jobs/{submit(client)}").json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", job["created_at"])


def test_the_list_is_newest_first_and_pages_without_gap_or_repeat(client: TestClient) -> None:
    submitted = [submit(client) for _ in range(5)]
    seen: list[str] = []
    token = None
    while True:
        page = client.get("/v1/jobs", params={"limit": 2} | ({"page_token": token} if token else {})).json()
        seen += [job["id"] for job in page["items"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert seen == submitted[::-1]


def test_the_list_filters_by_state_and_name(client: TestClient) -> None:
    first, second = submit(client, name="one"), submit(client, name="two")
    client.post(f"/v1/jobs/{first}/cancel")
    assert [job["id"] for job in client.get("/v1/jobs?state=queued").json()["items"]] == [second]
    assert [job["id"] for job in client.get("/v1/jobs?name=one").json()["items"]] == [first]
    assert client.get("/v1/jobs?name=none").json() == {"items": [], "next_page_token": None}


def test_a_page_token_of_another_filter_is_422(client: TestClient) -> None:
    for _ in range(2):
        submit(client)
    token = client.get("/v1/jobs?limit=1").json()["next_page_token"]
    answer = client.get("/v1/jobs", params={"limit": 1, "state": "queued", "page_token": token})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-page-token"


NESTED = base64.urlsafe_b64encode(b"[" * 30_000).decode()  # too deep for json.loads


@pytest.mark.parametrize("token", ["", "x", "\0", "é", "W1tbW1tbW1tbW1tb", "W" * 5000, NESTED])
def test_a_malformed_page_token_is_422(client: TestClient, token: str) -> None:
    answer = client.get("/v1/jobs", params={"page_token": token})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/page_token"


def test_the_character_nul_in_a_parameter_is_422(client: TestClient) -> None:
    answer = client.get("/v1/jobs?name=a%00b")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/name"


def test_cancel_pause_and_resume_answer_the_job_and_may_be_repeated(client: TestClient) -> None:
    job_id = submit(client)
    for verb, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        for _ in range(2):
            answer = client.post(f"/v1/jobs/{job_id}/{verb}")
            assert (answer.status_code, answer.json()["state"]) == (200, state)


def test_a_verb_that_the_state_does_not_allow_is_409(client: TestClient, finished: str) -> None:
    for verb in ("cancel", "pause", "resume"):
        answer = client.post(f"/v1/jobs/{finished}/{verb}")
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/illegal-transition"


def test_deleting_a_finished_job_removes_it(client: TestClient, finished: str) -> None:
    answer = client.delete(f"/v1/jobs/{finished}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"/v1/jobs/{finished}").status_code == 404
    assert client.get(f"/v1/jobs/{finished}/trials").status_code == 404


def test_deleting_a_running_job_is_409(client: TestClient, db: Database, settings: Settings) -> None:
    answer = client.delete(f"/v1/jobs/{store_running_job(db, settings)}")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/job-not-finished"


@pytest.mark.parametrize("job_id", ["job_0", "%00", "..%2f..", "%F0%9F%98%80", "x" * 3000, "'"])
@pytest.mark.parametrize(
    "path",
    [
        *("", "/events", "/trials", "/trials/0", "/trials/0/trajectory", "/trajectories"),
        *("/recommendation", "/recommendation/schedule"),
    ],
)
def test_an_id_that_names_nothing_is_404(client: TestClient, job_id: str, path: str) -> None:
    answer = client.get(f"/v1/jobs/{job_id}{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_more_trials_than_the_server_allows_is_422_and_stores_nothing(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json=BODY | {"budget": {"trials": 100_000, "steps": 10_000_000}})
    assert answer.json()["type"] == "/problems/quota-exceeded"
    assert answer.json()["errors"][0]["pointer"] == "/budget"
    assert client.get("/v1/jobs").json()["items"] == []
