"""The verbs that need no code of their own: HEAD is GET without the body, OPTIONS lists the verbs."""

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

FILES = frozenset({"GET", "HEAD"})  # what a folder of static files knows


class Methods:
    """Answers HEAD, OPTIONS and wrong verbs for every path that the routes know, with a full `Allow`."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._routes = routes
        # Any: pairs of a compiled pattern and its verbs, built at the first request, when all routes are in.
        self._table: list[tuple[Any, frozenset[str]]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
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
            error = MethodNotAllowed(f"{scope['path']} does not know {method}; it knows {listed}.")
            await problem_response(error, _allow(allowed))(scope, receive, send)

    def allowed(self, path: str) -> frozenset[str]:
        """The verbs of every route that the path matches; empty where there is none."""
        if self._table is None:
            self._table = [
                (context.path_regex, frozenset(context.methods or FILES))
                for context in iter_route_contexts(list(self._routes))
            ]
        found: frozenset[str] = frozenset()
        for pattern, methods in self._table:
            if pattern.match(path):
                found |= methods
        return found


def _allow(allowed: frozenset[str]) -> dict[str, str]:
    verbs = allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    return {"Allow": ", ".join(sorted(verbs))}


async def _head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Runs GET, sends its head, and drops its body; an endless stream is told that its client left."""
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

    scope["method"] = "GET"  # not in a copy: who looks from outside wants to know the route
    try:
        await app(scope, receive_until_end, send_head)
    except (ClientDisconnect, OSError):
        if not ended:
            raise
