"""Liveness and readiness."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.services import health
from app.settings import Settings


def test_the_liveness_check_answers(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_without_a_worker_the_service_is_not_ready(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/not-ready"
    assert int(answer.headers["retry-after"]) > 0


def test_the_service_is_ready_with_a_database_and_a_worker(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "check", lambda db, settings: None)
    assert client.get("/readyz").json() == {"status": "ok"}


def test_a_database_that_is_gone_gives_a_problem(app: FastAPI, settings: Settings) -> None:
    with TestClient(app, raise_server_exceptions=False) as client:
        path = Path(settings.database.database or "")
        shutil.move(path, path.with_suffix(".away"))
        answer = client.get("/readyz")
    assert answer.status_code == 503
