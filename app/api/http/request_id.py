"""Gives every request an id, and every crash an answer that names it."""

from __future__ import annotations

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors.handlers import problem_response
from app.errors import AppError
from app.observability import log_context

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,128}")  # fit for a line of a log

logger = logging.getLogger(__name__)


class RequestId:
    """Takes over the client's `X-Request-Id` or makes one up, and returns it in the answer.

    An exception that nothing else caught is logged under that id, with its stack trace; the client gets a
    problem without one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with log_context.bound(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                logger.exception(
                    "request failed: %s %r",
                    scope["method"],
                    scope["path"],
                    extra={"request_id": request_id},
                )
                if started:
                    raise  # half an answer is sent: the server must cut the connection
                error = AppError(f"The server failed on this request; its log says why, under {request_id}.")
                await problem_response(error)(scope, receive, send_with_id)
