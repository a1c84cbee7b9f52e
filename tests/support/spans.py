"""The spans that a test records."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.observability import tracing


def recorded(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Collect spans from here to the end of the test; the provider of the process stays as it is."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    return exporter


def only(exported: InMemorySpanExporter, name: str) -> ReadableSpan:
    """Return the only span of that name."""
    (match,) = (span for span in exported.get_finished_spans() if span.name == name)
    return match
