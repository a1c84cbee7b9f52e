"""`Idempotency-Key`: a submission that is repeated gives the first job again."""

from __future__ import annotations

import copy
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.db import Database
from app.db.queries import jobs as table
from app.db.tables import JobRow
from app.services import jobs
from app.settings import Settings
from app.spec.job import JobSpec
from tests.support.stored_jobs import BODY

HUGE = {"objective": {"kind": "function", "name": "rosenbrock", "start": [1e23, -1e308, 5e-324, -0.0, 3]}}


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_the_same_key_and_spec_return_the_first_job(client: TestClient) -> None:
    headers = key()
    first = client.post("/v1/jobs", json=BODY, headers=headers)
    again = client.post("/v1/jobs", json=BODY, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert len(client.get("/v1/jobs").json()["items"]) == 1


def test_the_first_job_is_returned_in_its_present_state(client: TestClient) -> None:
    headers = key()
    job_id = client.post("/v1/jobs", json=BODY, headers=headers).json()["id"]
    client.post(f"/v1/jobs/{job_id}/cancel")
    again = client.post("/v1/jobs", json=BODY, headers=headers)
    assert (again.status_code, again.json()["state"]) == (202, "cancelled")


@pytest.mark.parametrize("body", [BODY, HUGE])
def test_specs_are_compared_with_every_default_filled_in(client: TestClient, body: dict[str, object]) -> None:
    headers = key()
    first = client.post("/v1/jobs", json=body, headers=headers).json()
    explicit = copy.deepcopy(body) | {"seed": 0, "replicates": 1, "sampler": {"kind": "auto"}}
    assert client.post("/v1/jobs", json=explicit, headers=headers).json()["id"] == first["id"]


def test_the_same_key_with_another_spec_is_409_and_stores_nothing(client: TestClient) -> None:
    headers = key()
    first = client.post("/v1/jobs", json=BODY, headers=headers).json()
    answer = client.post("/v1/jobs", json=BODY | {"seed": 1}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/idempotency-key-reused")
    assert first["id"] in answer.json()["detail"]
    assert len(client.get("/v1/jobs").json()["items"]) == 1


def test_without_a_key_every_submission_is_a_job(client: TestClient) -> None:
    ids = {client.post("/v1/jobs", json=BODY).json()["id"] for _ in range(3)}
    assert len(ids) == 3


def test_deleting_the_job_frees_its_key(client: TestClient) -> None:
    headers = key()
    first = client.post("/v1/jobs", json=BODY, headers=headers).json()["id"]
    client.post(f"/v1/jobs/{first}/cancel")
    assert client.delete(f"/v1/jobs/{first}").status_code == 204
    other = client.post("/v1/jobs", json=BODY | {"seed": 1}, headers=headers)
    assert (other.status_code, other.json()["id"] != first) == (202, True)


@pytest.mark.parametrize("given", ["!", "~" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_a_key_is_up_to_255_visible_characters(client: TestClient, given: str) -> None:
    assert client.post("/v1/jobs", json=BODY, headers={"Idempotency-Key": given}).status_code == 202


@pytest.mark.parametrize("given", [b"", b"x" * 256, b"a b", b"\xe9", b"a\tb", b"\x7f"])
def test_any_other_key_is_422(client: TestClient, given: bytes) -> None:
    answer = client.post("/v1/jobs", json=BODY, headers={b"Idempotency-Key": given})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert client.get("/v1/jobs").json()["items"] == []


def test_a_lowered_quota_does_not_hide_the_first_job(db: Database, settings: Settings) -> None:
    spec = JobSpec.model_validate(BODY)
    first = jobs.submit(db, settings, spec, "key")
    tight = settings.model_copy(update={"max_trials": 1})
    assert jobs.submit(db, tight, spec, "key") == first


def test_requests_at_the_same_moment_make_one_job(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody has looked for the key before anybody stores it."""
    clients = 8
    looked = threading.Barrier(clients)
    find, first_look = table.by_idempotency_key, threading.local()

    def find_together(session: Session, tenant: str, key: str) -> JobRow | None:
        row = find(session, tenant, key)
        if not hasattr(first_look, "done"):
            first_look.done = True
            looked.wait(timeout=20)
        return row

    monkeypatch.setattr(table, "by_idempotency_key", find_together)
    spec = JobSpec.model_validate(BODY)
    with ThreadPoolExecutor(clients) as pool:
        ids = set(pool.map(lambda _: jobs.submit(db, settings, spec, "key").id, range(clients)))
    assert len(ids) == 1
    assert len(jobs.list_jobs(db, state=None, name=None, limit=10, page_token=None).items) == 1
