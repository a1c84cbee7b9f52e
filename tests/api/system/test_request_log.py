"""Every request is a line of the log; other lines that it causes have its id."""

from __future__ import annotations

import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.observability import log_context

LOGGER = "app.api.system.request_log"


def test_a_request_is_a_line_with_its_template_status_and_time(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        client.get("/v1/jobs/none", headers={"X-Request-Id": "abc"})
    (record,) = [record for record in caplog.records if record.name == LOGGER]
    fields = {name: getattr(record, name) for name in ("request_id", "method", "path", "status")}
    assert fields == {"request_id": "abc", "method": "GET", "path": "/v1/jobs/{job_id}", "status": 404}
    assert 0 < record.duration_ms < 60_000  # type: ignore[attr-defined]  # a field of ours


def test_requests_of_monitoring_are_logged_at_the_debug_level_only(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        for path in ("/healthz", "/readyz", "/metrics"):
            client.get(path)
    assert [record for record in caplog.records if record.name == LOGGER] == []
    with caplog.at_level(logging.DEBUG, LOGGER):
        client.get("/healthz")
    assert [record.levelname for record in caplog.records if record.name == LOGGER] == ["DEBUG"]


def test_code_that_serves_a_request_knows_its_id_in_threads_too(client: TestClient, app: FastAPI) -> None:
    def show() -> dict[str, object]:  # runs in a thread
        return dict(log_context.current())

    app.add_api_route("/context", show)
    answer = client.get("/context", headers={"X-Request-Id": "abc"})
    assert answer.json() == {"request_id": "abc"}
