"""Sees every request from the outside: a line in the log and a count in the metrics for each."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http.request_id import HEADER
from app.api.system.metrics import RequestMetrics
from app.observability import tracing

# What asks every few seconds is no news.
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# A client may invent paths and verbs; labels must stay few.
OTHER_PATH, OTHER_METHOD = "unmatched", "OTHER"

logger = logging.getLogger(__name__)


class Observe:
    """Measures every answer until its head, and logs it when it is over."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        status = 0
        request_id = ""

        async def send_observed(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = Headers(raw=message["headers"]).get(HEADER, "")
                self._metrics.observe(method, route_of(scope), status, time.perf_counter() - began)
            await send(message)

        try:
            if scope["path"] in QUIET:
                await self.app(scope, receive, send_observed)
                return
            with tracing.request_span(method, Headers(scope=scope)) as span:
                await self.app(scope, receive, send_observed)
                tracing.end_request(span, method, route_of(scope), status)
        finally:
            _log(request_id, method, route_of(scope), status, time.perf_counter() - began)


def route_of(scope: Scope) -> str:
    """The template of the route that served the request, such as /v1/jobs/{job_id}."""
    route = scope.get("route")
    found = getattr(route, "path_format", None) or getattr(route, "path", None)
    return OTHER_PATH if found is None else str(found)


def _log(request_id: str, method: str, route: str, status: int, seconds: float) -> None:
    level = logging.DEBUG if route in QUIET else logging.INFO
    if not logger.isEnabledFor(level):
        return
    fields = {
        "request_id": request_id,
        "method": method,
        "path": route,
        "status": status,  # 0 where the client left before there was one
        "duration_ms": round(seconds * 1000, 2),
    }
    logger.log(level, "request", extra=fields)
