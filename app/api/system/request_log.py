"""Middleware that logs, counts and traces every request."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http.request_id import HEADER
from app.api.system.metrics import RequestMetrics
from app.observability import tracing

# Paths that monitors request every few seconds: logged at level debug, not traced.
MONITORED_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Labels for unknown paths and methods: clients could otherwise create any number of time series.
OTHER_PATH, OTHER_METHOD = "unmatched", "OTHER"

logger = logging.getLogger(__name__)


class Observe:
    """Middleware that measures the time to the head of each answer, and logs the answer at its end."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; measure, trace and log its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        status = 0
        request_id = ""

        async def send_observed(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = Headers(raw=message["headers"]).get(HEADER, "")
                self._metrics.observe(method, route_of(scope), status, time.perf_counter() - start)
            await send(message)

        try:
            if scope["path"] in MONITORED_PATHS:
                await self.app(scope, receive, send_observed)
                return
            with tracing.request_span(method, Headers(scope=scope)) as span:
                await self.app(scope, receive, send_observed)
                tracing.end_request(span, method, route_of(scope), status)
        finally:
            _log(request_id, method, route_of(scope), status, time.perf_counter() - start)


def route_of(scope: Scope) -> str:
    """Return the template of the route that served the request, such as /v1/jobs/{job_id}."""
    route = scope.get("route")
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return OTHER_PATH if template is None else str(template)


def _log(request_id: str, method: str, route: str, status: int, seconds: float) -> None:
    level = logging.DEBUG if route in MONITORED_PATHS else logging.INFO
    if not logger.isEnabledFor(level):
        return
    fields = {
        "request_id": request_id,
        "method": method,
        "path": route,
        "status": status,  # 0 if the client disconnected before the answer
        "duration_ms": round(seconds * 1000, 2),
    }
    logger.log(level, "request", extra=fields)
