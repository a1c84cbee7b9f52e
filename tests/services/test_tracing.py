"""Traces have a span for each part of a round, and are off unless an address is set."""

from __future__ import annotations

import sys

import pytest
from opentelemetry import trace

from app.db import Database
from app.observability import tracing
from app.services import jobs
from app.settings import Settings
from app.worker.jobs.runner import Runner
from tests.support.in_process_worker import InThisProcess
from tests.support.make_spec import MakeSpec
from tests.support.spans import only, recorded


def test_the_spans_of_a_round_are_its_children(
    db: Database, settings: Settings, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = jobs.submit(db, settings, make_spec(confirmation=None)).id
    runner = Runner(db, InThisProcess(), max_failed_trials=0)
    runner.start(job_id, 1)
    exported = recorded(monkeypatch)
    with tracing.span("round", job_id=job_id, run=1, round=0):
        runner.search_round(job_id, 1, 0)
    whole = only(exported, "round")
    assert (whole.attributes or {})["stepsize.job_id"] == job_id
    for part in ("ask", "store"):
        parent = only(exported, part).parent
        assert parent is not None
        assert parent.span_id == whole.context.span_id


def test_nothing_is_traced_unless_an_address_is_set() -> None:
    before = trace.get_tracer_provider()
    tracing.configure(Settings(), "api")
    assert trace.get_tracer_provider() is before
    with tracing.span("round") as span:
        assert not span.is_recording()


def test_an_address_for_traces_without_the_extra_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(tracing.NoTracing, match=r"stepsize-server\[otel\]"):
        tracing.configure(Settings(otlp_endpoint="http://localhost:4318/v1/traces"), "worker")
