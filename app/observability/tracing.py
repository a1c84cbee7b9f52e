"""Traces of requests and of the steps of jobs, for OpenTelemetry; off unless an address is set."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Tracer

from app.settings import Settings

_NO_SPAN: AbstractContextManager[Span] = nullcontext(trace.INVALID_SPAN)

# Records nothing until `configure` has set a provider, and then costs microseconds a span.
tracer: Tracer = trace.get_tracer("stepsize")


class NoTracing(Exception):
    """Traces are configured, but the packages that send them are not installed."""


def configure(settings: Settings, process: Literal["api", "worker"]) -> None:
    """Send the traces of this process to the address in the settings, if it is set. Raises NoTracing."""
    if settings.otlp_endpoint is None:
        return
    try:
        # An optional extra: users without traces need none of it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise NoTracing(
            "STEPSIZE_OTLP_ENDPOINT is set, and nothing that sends traces is installed;"
            " pip install 'stepsize-server[otel]'"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": f"stepsize-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)


def span(name: str, **attributes: str | int | float) -> AbstractContextManager[Span]:
    """Return a span for the block; its attributes are named `stepsize.*`."""
    named = {f"stepsize.{key}": value for key, value in attributes.items()}
    return tracer.start_as_current_span(name, attributes=named)


def request_span(method: str, headers: Mapping[str, str]) -> AbstractContextManager[Span]:
    """Return a span for a request (ADR 0016).

    headers: those of the request, which may name the parent span.
    """
    if not _is_on():  # even a span that records nothing costs 0.1 ms a request
        return _NO_SPAN
    context = propagate.extract(dict(headers))
    return tracer.start_as_current_span(method, context=context, kind=SpanKind.SERVER)


def _is_on() -> bool:
    """Return whether a provider is set, for the process or for this tracer alone."""
    unset = isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    return not (unset and isinstance(tracer, trace.ProxyTracer))


def end_request(span: Span, method: str, route: str, status: int) -> None:
    """Set the name of a request's span from its route, and the status of the response."""
    if span.is_recording():
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
