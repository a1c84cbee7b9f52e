"""A request is a span."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.support.spans import only, recorded

CALLER = "0af7651916cd43dd8448eb211c80319c"


def test_a_request_is_a_span_of_its_callers_trace(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = recorded(monkeypatch)
    client.get("/v1/jobs/job_none", headers={"traceparent": f"00-{CALLER}-b7ad6b7169203331-01"})
    client.get("/healthz")
    span = only(exported, "GET /v1/jobs/{job_id}")
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/jobs/{job_id}",
        "http.response.status_code": 404,
    }
    assert f"{span.context.trace_id:x}" == CALLER.lstrip("0")
    assert len(exported.get_finished_spans()) == 1
