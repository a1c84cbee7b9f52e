"""Replays over HTTP."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.settings import Settings
from tests.support.stored_jobs import store_running_job


def test_a_replay_is_answered_with_its_address(client: TestClient, finished: str) -> None:
    path = f"/v1/jobs/{finished}/trials/1/replay"
    answer = client.post(path)
    assert answer.status_code == 202
    assert answer.headers["location"] == path
    body = answer.json()
    assert body["state"] == "queued"
    assert body["identical"] is None
    assert body["difference"] is None
    assert body["job_id"] == finished
    assert body["number"] == 1
    assert client.get(path).json() == body


def test_a_waiting_replay_is_not_requested_twice(client: TestClient, finished: str) -> None:
    path = f"/v1/jobs/{finished}/trials/0/replay"
    assert client.post(path).json() == client.post(path).json()


def test_a_trial_that_was_never_replayed_is_404(client: TestClient, finished: str) -> None:
    answer = client.get(f"/v1/jobs/{finished}/trials/0/replay")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/replay-not-found"


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("number", ["3", "2147483648"])
def test_a_missing_trial_is_404(client: TestClient, finished: str, verb: str, number: str) -> None:
    answer = client.request(verb, f"/v1/jobs/{finished}/trials/{number}/replay")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/trial-not-found"


def test_a_missing_job_is_404(client: TestClient) -> None:
    assert client.post("/v1/jobs/job_0/trials/0/replay").json()["type"] == "/problems/job-not-found"


def test_a_trial_that_runs_cannot_be_replayed_yet(
    client: TestClient, db: Database, settings: Settings
) -> None:
    answer = client.post(f"/v1/jobs/{store_running_job(db, settings)}/trials/0/replay")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/trial-not-finished"
    assert "completed, pruned, diverged" in answer.json()["detail"]
