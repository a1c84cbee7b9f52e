"""Traces say what a request and a round did, and are off unless an address is set."""

from __future__ import annotations

import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from app.db import Database
from app.main import create_app
from app.services import jobs, tracing
from app.settings import Settings
from app.worker.runner import Runner
from tests.conftest import MakeSpec
from tests.worker.in_process import InThisProcess

CALLER = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What is traced during the test; the provider of the process stays as it is."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    return exporter


def only(exported: InMemorySpanExporter, name: str) -> ReadableSpan:
    """The one span of that name."""
    (found,) = (span for span in exported.get_finished_spans() if span.name == name)
    return found


def test_a_request_is_a_span_of_its_callers_trace(settings: Settings, exported: InMemorySpanExporter) -> None:
    with TestClient(create_app(settings)) as client:
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


def test_the_parts_of_a_round_belong_to_it(
    db: Database, settings: Settings, make_spec: MakeSpec, exported: InMemorySpanExporter
) -> None:
    job_id = jobs.submit(db, settings, make_spec(confirmation=None)).id
    runner = Runner(db, InThisProcess(), max_failed_trials=0)
    runner.start(job_id, 1)
    with tracing.span("round", job_id=job_id, run=1, round=0):
        runner.search_round(job_id, 1, 0)
    whole = only(exported, "round")
    assert (whole.attributes or {})["stepsize.job_id"] == job_id
    for part in ("ask", "store"):
        parent = only(exported, part).parent
        assert parent is not None and parent.span_id == whole.context.span_id


def test_nothing_is_traced_unless_an_address_is_set() -> None:
    before = trace.get_tracer_provider()
    tracing.configure(Settings(), "api")
    assert trace.get_tracer_provider() is before
    with tracing.span("round") as span:
        assert not span.is_recording()


def test_who_wants_traces_without_the_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(tracing.NoTracing, match=r"stepsize\[otel\]"):
        tracing.configure(Settings(otlp_endpoint="http://localhost:4318/v1/traces"), "worker")
