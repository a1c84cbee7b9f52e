"""The methods HEAD and OPTIONS for every path: HEAD is GET without the body, OPTIONS lists the methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors.handlers import problem_response
from app.errors import MethodNotAllowed

STATIC_FILE_METHODS = frozenset({"GET", "HEAD"})


class Methods:
    """Middleware that answers HEAD, OPTIONS and unsupported methods on known paths, with a full `Allow`."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._routes = routes
        # Any: pairs of a compiled pattern and its methods, built at the first request, when all routes exist.
        self._table: list[tuple[Any, frozenset[str]]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on if its route handles the method."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        allowed = self.allowed(scope["path"])
        method = scope["method"]
        if not allowed or (method in allowed and method != "HEAD"):
            await self.app(scope, receive, send)
        elif method == "OPTIONS":
            await Response(status_code=204, headers=_allow(allowed))(scope, receive, send)
        elif method == "HEAD" and "GET" in allowed:
            await _head(self.app, scope, receive, send)
        else:
            listed = _allow(allowed)["Allow"]
            error = MethodNotAllowed(f"{scope['path']} does not support {method}; use one of: {listed}.")
            await problem_response(error, _allow(allowed))(scope, receive, send)

    def allowed(self, path: str) -> frozenset[str]:
        """Return the methods of all routes that match the path; empty if none matches."""
        if self._table is None:
            self._table = [
                (context.path_regex, frozenset(context.methods or STATIC_FILE_METHODS))
                for context in iter_route_contexts(list(self._routes))
            ]
        allowed: frozenset[str] = frozenset()
        for pattern, methods in self._table:
            if pattern.match(path):
                allowed |= methods
        return allowed


def _allow(allowed: frozenset[str]) -> dict[str, str]:
    methods = allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    return {"Allow": ", ".join(sorted(methods))}


async def _head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run GET, send the head of its answer and drop the body.

    After the head, the route receives a disconnect, which ends an endless stream.
    """
    ended = False

    async def send_head(message: Message) -> None:
        nonlocal ended
        if ended:
            raise OSError("the answer to HEAD has ended")
        if message["type"] == "http.response.start":
            await send(message)
        elif message["type"] == "http.response.body":
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive_until_end() -> Message:
        return {"type": "http.disconnect"} if ended else await receive()

    scope["method"] = "GET"  # not in a copy: the request log reads the route from this scope
    try:
        await app(scope, receive_until_end, send_head)
    except (ClientDisconnect, OSError):
        if not ended:
            raise
